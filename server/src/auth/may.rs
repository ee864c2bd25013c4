//! Somebody at the desk who may do what a handler is for. A handler takes `May<SeeDoors>` or another
//! of the permissions below; its route must have the guard of the same action, else every request
//! fails. There is no other way to a desk's session with a community.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use menpai_sync_core::ids::WorkerId;

use super::DeskSession;
use super::admit::{Admitted, Guard, put_down};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::rights::{Action, Actor, Scope, Sight, actions, authorize, authorize_about};
use crate::sync::Directory;

/// What a handler is for, as a type.
pub trait Permission {
    /// What it is.
    const ACTION: Action;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident $word:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Permission for $name {
            const ACTION: Action = Action::$name;
        }
    )*};
}

actions!(permissions);

/// Who asks at the desk, and may.
#[derive(Debug)]
pub struct May<P> {
    session: DeskSession,
    /// How much is shown.
    pub sight: Sight,
    permission: PhantomData<fn() -> P>,
}

impl<P> Deref for May<P> {
    type Target = DeskSession;

    fn deref(&self) -> &DeskSession {
        &self.session
    }
}

impl<P: Permission> FromRequest for May<P> {
    type Error = ApiError;
    type Future = Ready<ApiResult<May<P>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(admitted(request, Guard::May(P::ACTION)))
    }
}

/// Who asks at the desk, and may somewhere: in the whole community, or in a grid. The handler asks about
/// whom ([`MaySomewhere::check_about`]) and shows no more than that.
#[derive(Debug)]
pub struct MaySomewhere<P>(May<P>);

impl<P> Deref for MaySomewhere<P> {
    type Target = May<P>;

    fn deref(&self) -> &May<P> {
        &self.0
    }
}

impl<P: Permission> MaySomewhere<P> {
    /// Demands that it may be done about a worker of the session's community now.
    ///
    /// # Errors
    /// [`ApiError::NotAllowed`].
    pub async fn check_about(&self, home: &web::Data<Home>, worker: WorkerId) -> ApiResult<()> {
        let community = home::community(home, self.community).await?;
        if may_about::<P>(&community.directory(), self.worker, worker) {
            Ok(())
        } else {
            Err(ApiError::NotAllowed)
        }
    }
}

/// Whether a worker may do it now, in the whole community.
#[must_use]
pub fn may_now<P: Permission>(directory: &Directory, by: WorkerId) -> bool {
    let actor = Actor {
        assignments: directory.assignments(by),
        now_ms: clock::now_ms(),
    };
    authorize(actor, P::ACTION, Scope::Community).is_ok()
}

/// Whether one worker may do it about another now.
#[must_use]
pub fn may_about<P: Permission>(directory: &Directory, by: WorkerId, about: WorkerId) -> bool {
    let actor = Actor {
        assignments: directory.assignments(by),
        now_ms: clock::now_ms(),
    };
    authorize_about(actor, P::ACTION, directory.assignments(about)).is_ok()
}

impl<P: Permission> FromRequest for MaySomewhere<P> {
    type Error = ApiError;
    type Future = Ready<ApiResult<MaySomewhere<P>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(admitted(request, Guard::MaySomewhere(P::ACTION)).map(MaySomewhere))
    }
}

fn admitted<P: Permission>(request: &HttpRequest, by: Guard) -> ApiResult<May<P>> {
    let admitted = put_down::<Admitted>(request)?;
    if admitted.by != by {
        return Err(ApiError::internal("the route has another guard"));
    }
    Ok(May {
        session: admitted.session,
        sight: admitted.sight,
        permission: PhantomData,
    })
}

//! Somebody at the desk who may do what a handler is for. A handler takes `May<SeeDoors>` or another
//! of the permissions below; its route must have the guard of the same action, else every request
//! fails. There is no other way to a desk's session with a community.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::DeskSession;
use super::admit::{Admitted, put_down};
use crate::error::{ApiError, ApiResult};
use crate::rights::{Action, Sight, actions};

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
        ready(put_down::<Admitted>(request).and_then(|admitted| {
            if admitted.action != P::ACTION {
                return Err(ApiError::internal("the route's guard is for another action"));
            }
            Ok(May {
                session: admitted.session,
                sight: admitted.sight,
                permission: PhantomData,
            })
        }))
    }
}

//! The door of every route: who asks, how much lately, and whether they may, before anything of the
//! request is read. The route's [`Guard`] says what it takes; the handler gets who was let in as
//! [`PhoneSession`], [`DeskSession`] or [`May`](super::May), and gets it from here alone.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use menpai_sync_core::ids::CommunityCode;
use serde::Deserialize;

use super::{DeskSession, PhoneSession, address_of};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::limits::memory::{Room, Whose};
use crate::limits::{Caller, Limiter, Place};
use crate::middleware::holding::Holding;
use crate::middleware::time_limit::PIECE_BY_PIECE;
use crate::rights::{Action, Actor, Scope, Sight, allowed, authorize, authorize_somewhere};

/// Who gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Whoever asks: it is the way in.
    Anyone,
    /// A registered phone that the office has not stopped. What it may have is decided part by part.
    Device,
    /// A registered phone, stopped or not: it brings something, and what becomes of that is decided
    /// entry by entry.
    AnyDevice,
    /// Whoever is signed in at the desk, about their own session.
    SignedIn,
    /// Whoever may do this by the roles that they have now in the community that the request is
    /// about: that of the account, or the one that `?community=` names. Whoever may give rights to
    /// others must have come in with more than a password; what takes data away, takes rights or
    /// cannot be undone asks for a fresh proof.
    May(Action),
    /// The same of whoever may do it in a grid at least; the handler asks about whom.
    MaySomewhere(Action),
}

impl Guard {
    /// What one must be allowed to do at the desk.
    #[must_use]
    pub const fn action(self) -> Option<Action> {
        match self {
            Guard::May(action) | Guard::MaySomewhere(action) => Some(action),
            Guard::Anyone | Guard::Device | Guard::AnyDevice | Guard::SignedIn => None,
        }
    }

    /// Most bytes of a JSON body. A stranger's is an account and a password.
    #[must_use]
    pub const fn most_json_bytes(self) -> usize {
        match self {
            Guard::Anyone => 8 * 1024,
            _ => 64 * 1024,
        }
    }
}

/// Somebody at the desk who may.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) session: DeskSession,
    /// The guard that let them in.
    pub(super) by: Guard,
    pub(super) sight: Sight,
}

/// Which community a request is about, if not the account's own.
#[derive(Deserialize)]
struct About {
    community: Option<CommunityCode>,
}

/// Lets a request through to its handler, or answers it.
///
/// # Errors
/// Those of the handler; a refusal is an answer.
pub async fn admit<B: MessageBody + 'static>(
    guard: Guard,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match look(guard, request.request()).await {
        Ok(held) => {
            let answer = next.call(request).await?;
            Ok(answer.map_body(|_, body| Holding::boxed(body, held)))
        }
        // The error goes along, so that its sentences are written further out.
        Err(refusal) => Ok(ServiceResponse::from_err(refusal, request.into_parts().0)),
    }
}

/// What a request holds while it is under way: a phone its place, a body its room.
struct Held {
    _place: Option<Place>,
    _room: Option<Room>,
}

async fn look(guard: Guard, request: &HttpRequest) -> ApiResult<Held> {
    let limiter = &home_of(request)?.limiter;
    limiter.count_address(address_of(request))?;
    let mut place = None;
    match guard {
        Guard::Anyone => {}
        Guard::Device => {
            let session = PhoneSession::of(request).await?;
            session.check_not_stopped(request).await?;
            limiter.count(Caller::Phone(session.device), session.community)?;
            place = Some(limiter.begin(session.device)?);
            request.extensions_mut().insert(session);
        }
        Guard::AnyDevice => {
            let session = PhoneSession::of(request).await?;
            limiter.count(Caller::Phone(session.device), session.community)?;
            place = Some(limiter.begin(session.device)?);
            request.extensions_mut().insert(session);
        }
        Guard::SignedIn => {
            let session = DeskSession::of(request).await?;
            limiter.count(Caller::Desk(session.worker), session.community)?;
            request.extensions_mut().insert(session);
        }
        Guard::May(action) | Guard::MaySomewhere(action) => {
            let mut session = DeskSession::of(request).await?;
            let about = web::Query::<About>::from_query(request.query_string());
            let about = about.map_err(|_| ApiError::unreadable("community"))?.into_inner();
            session.community = about.community.unwrap_or(session.community);
            limiter.count(Caller::Desk(session.worker), session.community)?;
            let asked = ask(request, &session, |actor| {
                let sight = match guard {
                    Guard::MaySomewhere(_) => authorize_somewhere(actor, action),
                    _ => authorize(actor, action, Scope::Community),
                };
                (sight, allowed(actor))
            });
            let (sight, allowed) = asked.await?;
            let sight = sight.map_err(|_| ApiError::NotAllowed)?;
            if session.lacks_second_factor(&allowed) {
                return Err(ApiError::SecondFactorMissing);
            }
            let asks_fresh = action.asks_fresh_proof(!request.method().is_safe());
            if asks_fresh && session.proof.has_second_factor {
                session.check_fresh(clock::now_ms())?;
            }
            request.extensions_mut().insert(Admitted {
                session,
                by: guard,
                sight,
            });
        }
    }
    Ok(Held {
        _place: place,
        _room: room_for_json(guard, request, limiter).await?,
    })
}

/// Room for a body that is read whole, and for what is made of it. Sync and couriers ask for
/// theirs as they read.
async fn room_for_json(guard: Guard, request: &HttpRequest, limiter: &Limiter) -> ApiResult<Option<Room>> {
    let headers = request.headers();
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let most = guard.most_json_bytes();
    let bytes = match length {
        None if !headers.contains_key(TRANSFER_ENCODING) => 0,
        length => length.unwrap_or(most).min(most),
    };
    if bytes == 0 || PIECE_BY_PIECE.contains(&request.path()) {
        return Ok(None);
    }
    let mut room = limiter.bodies.room(match guard {
        Guard::Anyone => Whose::Stranger,
        _ => Whose::Known,
    });
    room.grow_to(2 * bytes).await?;
    Ok(Some(room))
}

/// What the session's person may do at the desk in its community.
///
/// # Errors
/// Internal.
pub async fn offered(request: &HttpRequest, session: &DeskSession) -> ApiResult<Vec<Action>> {
    let mut actions = ask(request, session, allowed).await?;
    // Parts are for phones.
    actions.retain(|action| *action != Action::ReadPart);
    Ok(actions)
}

fn home_of(request: &HttpRequest) -> ApiResult<&web::Data<Home>> {
    request
        .app_data::<web::Data<Home>>()
        .ok_or_else(|| ApiError::internal("no home in the app"))
}

async fn ask<T>(request: &HttpRequest, session: &DeskSession, question: impl FnOnce(Actor<'_>) -> T) -> ApiResult<T> {
    let home = home_of(request)?;
    let roles = match home::community(home, session.community).await {
        Ok(community) => community.directory().assignments(session.worker).to_vec(),
        // Nobody has a role in what is not here; which communities are here is nobody's business.
        Err(ApiError::UnknownCommunity) => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(question(Actor {
        assignments: &roles,
        now_ms: clock::now_ms(),
    }))
}

/// What the door put down for the handler.
pub(super) fn put_down<T: Clone + 'static>(request: &HttpRequest) -> ApiResult<T> {
    let found = request.extensions().get::<T>().cloned();
    found.ok_or_else(|| ApiError::internal("the route's guard lets in nobody of this sort"))
}

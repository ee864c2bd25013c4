//! `/api/v1/desk/staff/invitations`: `POST` invites a phone of a worker and shows its code, once;
//! `GET` says which phones have come with one and the six digits they show; `…/confirm` enrols the
//! phone that shows the same, `…/end` takes an invitation back, or refuses the phone. A grid's chief does
//! so for whoever works in the own grids alone.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::{WorkerId, hex, unhex};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};

use super::{Named, read};
use crate::auth::invitation::InvitationCode;
use crate::auth::may::{InvitePhones, MaySomewhere, may_about};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::local_time::LocalTime;
use crate::office::invitations;
use crate::store::community::StoreError;
use crate::store::node::{self, EnrolmentState, Invitation, InvitationId};

/// What ended so long ago is still listed: whoever looks late sees how it ended.
const LISTED_AFTER_MS: i64 = 10 * 60 * 1000;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = InvitationList)]
struct Invitations {
    invitations: Vec<Listed>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = InvitationListed)]
struct Listed {
    id: String,
    worker: Named,
    by: Named,
    #[schema(value_type = crate::openapi::Instant)]
    expires: Instant,
    /// `open`: nobody came yet; `over`: nobody came in time.
    state: &'static str,
    /// The phone that came.
    phone: Option<Came>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = InvitationCame)]
struct Came {
    name: String,
    comparison: String,
}

/// Which phones have come with an invitation, and the six digits they show.
///
/// # Errors
/// `not_signed_in`, `not_allowed`.
#[utoipa::path(
    get,
    path = "/desk/staff/invitations",
    responses((status = 200, body = Invitations, description = "Those that are not over, and those that ended not long ago"))
)]
pub async fn get(home: web::Data<Home>, session: MaySomewhere<InvitePhones>) -> ApiResult<HttpResponse> {
    let (code, by, now_ms) = (session.community, session.worker, clock::now_ms());
    let found = home.node(move |node| {
        node.read(|connection| {
            let listed = node::list_invitations(connection, code, now_ms - LISTED_AFTER_MS)?;
            let with_phone = listed.into_iter().map(|invitation| {
                let came = node::enrolments_of(connection, &invitation.id)?.pop();
                Ok((invitation, came))
            });
            with_phone.collect::<rusqlite::Result<Vec<_>>>()
        })
    });
    let found = found.await?;
    let local = LocalTime::of_community();
    let listed: Vec<Listed> = read(&home, &session, move |desk| {
        let directory = Arc::clone(&desk.directory);
        let own = move |invitation: &Invitation| may_about::<InvitePhones>(&directory, by, invitation.account.worker);
        let found = found.into_iter().filter(|(invitation, _)| own(invitation));
        let listed = found.map(|(invitation, came)| {
            let expires_ms = invitation.expires_ms.unwrap_or(now_ms);
            let state = match &came {
                Some(came) if came.state == EnrolmentState::Confirmed => came.state.name(),
                Some(came) if came.state == EnrolmentState::Refused => came.state.name(),
                _ if expires_ms <= now_ms => "over",
                Some(came) => came.state.name(),
                None => "open",
            };
            let shown = came.and_then(|came| came.shown);
            Listed {
                id: hex(&invitation.id),
                worker: desk.worker(invitation.account.worker),
                by: desk.worker(invitation.issued_by),
                expires: local.instant(expires_ms),
                state,
                phone: shown.map(|shown| Came {
                    name: shown.name,
                    comparison: shown.comparison,
                }),
            }
        });
        Ok::<_, StoreError>(listed.collect())
    })
    .await?;
    Ok(HttpResponse::Ok().json(Invitations { invitations: listed }))
}

/// Whom to invite.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationInvite)]
pub struct Invite {
    #[schema(value_type = crate::openapi::Id)]
    worker: WorkerId,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = InvitationInvited)]
struct Invited {
    id: String,
    /// Nine digits, said once.
    #[schema(value_type = String)]
    code: InvitationCode,
    #[schema(value_type = crate::openapi::Instant)]
    expires: Instant,
}

/// Invites a phone of a worker.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `not_found` for somebody without an account here.
#[utoipa::path(
    post,
    path = "/desk/staff/invitations",
    request_body = Invite, responses((status = 200, body = Invited, description = "Invited"))
)]
pub async fn post(
    home: web::Data<Home>,
    session: MaySomewhere<InvitePhones>,
    body: web::Json<Invite>,
) -> ApiResult<HttpResponse> {
    let (code, by, worker) = (session.community, session.worker, body.worker);
    session.check_about(&home, worker).await?;
    let made = web::block(move || {
        let account = invitations::account_of(&home, code, worker).map_err(ApiError::internal)?;
        let account = account.ok_or(ApiError::NotFound)?;
        Ok::<_, ApiError>(invitations::invite(&home, &account, by)?)
    });
    let made = made.await??;
    Ok(HttpResponse::Ok().json(Invited {
        id: hex(&made.id),
        code: made.code,
        expires: LocalTime::of_community().instant(made.expires_ms),
    }))
}

/// Which phone, by the digits that it shows.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationSame)]
pub struct Same {
    id: String,
    comparison: String,
}

/// Enrols the phone that shows the same digits.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `no_invitation` where nobody waits with these digits, `device_key_differs`.
#[utoipa::path(
    post,
    path = "/desk/staff/invitations/confirm",
    request_body = Same, responses((status = 204, description = "It is enrolled"))
)]
pub async fn confirm(
    home: web::Data<Home>,
    session: MaySomewhere<InvitePhones>,
    body: web::Json<Same>,
) -> ApiResult<HttpResponse> {
    let (code, by) = (session.community, session.worker);
    let (id, comparison) = (id_of(&body.id)?, body.into_inner().comparison);
    check_invitation(&home, &session, id).await?;
    web::block(move || invitations::confirm(&home, code, by, &id, &comparison)).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Which invitation.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationWhich)]
pub struct Which {
    id: String,
}

/// Takes an invitation back, or refuses the phone that came with it.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `no_invitation`.
#[utoipa::path(
    post,
    path = "/desk/staff/invitations/end",
    request_body = Which, responses((status = 204, description = "It is over"))
)]
pub async fn end(
    home: web::Data<Home>,
    session: MaySomewhere<InvitePhones>,
    body: web::Json<Which>,
) -> ApiResult<HttpResponse> {
    let (code, by, id) = (session.community, session.worker, id_of(&body.id)?);
    check_invitation(&home, &session, id).await?;
    web::block(move || invitations::end(&home, code, by, &id)).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Demands that an invitation of the session's community is for somebody whom they may invite.
async fn check_invitation(
    home: &web::Data<Home>,
    session: &MaySomewhere<InvitePhones>,
    id: InvitationId,
) -> ApiResult<()> {
    let found = home.node(move |node| node.read(|connection| node::get_invitation(connection, &id)));
    let found = found
        .await?
        .filter(|invitation| invitation.account.community == session.community);
    let invitation = found.ok_or(ApiError::NoInvitation)?;
    session.check_about(home, invitation.account.worker).await
}

fn id_of(text: &str) -> ApiResult<InvitationId> {
    let bytes = unhex(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(ApiError::NoInvitation)
}

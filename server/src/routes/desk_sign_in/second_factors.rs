//! What goes with every second factor that is added or taken away: recovery codes come with the first and
//! go with the last, desks that began with the password alone end, and who has to have one keeps it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::note;
use super::proof::prove;
use crate::auth::DeskSession;
use crate::auth::admit::offered;
use crate::auth::second_factor::{self, Change};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node;

/// New codes.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RecoveryCodes {
    /// `None`: those that there are serve on.
    pub(super) recovery_codes: Option<Vec<String>>,
}

/// A second factor.
pub(super) enum Factor {
    Passkey(Vec<u8>),
    Code,
}

enum Removed {
    Nothing,
    MustStay,
    Gone,
}

/// A second factor was added, which is a proof; other desks of this account that began with the
/// password alone end.
pub(super) async fn added(home: &web::Data<Home>, session: &DeskSession, change: Change) -> ApiResult<HttpResponse> {
    prove(home, session, true).await?;
    note(home, session, change).await?;
    let (name, own) = (session.account.clone(), session.token_hash);
    let (ended, left) = home
        .node(move |node| {
            node.write(|transaction| {
                let ended = node::delete_weak_sessions_of(transaction, &name, &own)?;
                Ok((ended, node::recovery_codes(transaction, &name)?))
            })
        })
        .await?;
    if ended > 0 {
        home.session_ends.send_modify(|ends| *ends += 1);
    }
    let recovery_codes = match left {
        None => Some(new_recovery_codes(home, session).await?),
        Some(_) => None,
    };
    Ok(HttpResponse::Ok().json(RecoveryCodes { recovery_codes }))
}

/// Takes a second factor away, unless it is the last of somebody who has to have one. With the last
/// one go the recovery codes.
pub(super) async fn remove(
    home: &web::Data<Home>,
    request: &HttpRequest,
    session: &DeskSession,
    factor: Factor,
) -> ApiResult<HttpResponse> {
    session.check_fresh(clock::now_ms())?;
    let demanded = is_demanded(request, session).await?;
    let change = match factor {
        Factor::Passkey(_) => Change::RemovePasskey,
        Factor::Code => Change::RemoveCode,
    };
    let name = session.account.clone();
    let removed = home.node(move |node| {
        node.write(|transaction| {
            let have = node::second_factors(transaction, &name)?;
            let has_it = match &factor {
                Factor::Passkey(id) => node::find_passkey(transaction, id)?.is_some_and(|row| row.account == name),
                Factor::Code => have.one_time_code,
            };
            let is_last = have.passkeys + u32::from(have.one_time_code) == 1;
            if !has_it {
                return Ok(Removed::Nothing);
            }
            if is_last && demanded {
                return Ok(Removed::MustStay);
            }
            match &factor {
                Factor::Passkey(id) => node::delete_passkey(transaction, &name, id)?,
                Factor::Code => node::delete_one_time_code(transaction, &name)?,
            };
            if is_last {
                node::set_recovery_codes(transaction, &name, &[0; 16], &[])?;
            }
            Ok(Removed::Gone)
        })
    });
    match removed.await? {
        Removed::Nothing => Err(ApiError::NotFound),
        Removed::MustStay => Err(ApiError::LastSecondFactor),
        Removed::Gone => {
            note(home, session, change).await?;
            Ok(HttpResponse::NoContent().finish())
        }
    }
}

pub(super) async fn is_demanded(request: &HttpRequest, session: &DeskSession) -> ApiResult<bool> {
    let may = offered(request, session).await?;
    Ok(may.iter().any(|action| action.lets_others_in()) && !session.proof.demo)
}

pub(super) async fn new_recovery_codes(home: &web::Data<Home>, session: &DeskSession) -> ApiResult<Vec<String>> {
    let new = second_factor::new_recovery_codes(home).await?;
    let name = session.account.clone();
    home.node(move |node| {
        node.write(|transaction| node::set_recovery_codes(transaction, &name, &new.salt, &new.hashes))
    })
    .await?;
    Ok(new.codes)
}

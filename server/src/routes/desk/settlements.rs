//! `GET /api/v1/desk/settlements`: the last quarters that are over, and which of them are settled.
//! `POST /api/v1/desk/settlements`: the secretary settles one. What arrives of its days from then
//! on counts and is marked late; there is no way back.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Desk, read};
use crate::auth::May;
use crate::auth::may::{SeeFigures, Settle};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::Office;
use crate::office::settlement::{self, Quarter, SettleError};
use crate::store::community::{StoreError, lines};

/// How many quarters are offered: a year.
const OFFERED: usize = 4;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SettlementsQuarters)]
struct Quarters {
    quarters: Vec<Offered>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SettlementsOffered)]
struct Offered {
    #[schema(value_type = crate::openapi::Quarter)]
    quarter: Quarter,
    #[schema(value_type = crate::openapi::Day)]
    from: NaiveDate,
    #[schema(value_type = crate::openapi::Day)]
    until: NaiveDate,
    /// When; `None`: it is not settled.
    settled_at: Option<String>,
}

/// The last quarters, and which are settled.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/settlements",
    responses((status = 200, body = Quarters, description = "Quarters"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeFigures>) -> ApiResult<HttpResponse> {
    let quarters = read(&home, &session, quarters).await?;
    Ok(HttpResponse::Ok().json(Quarters { quarters }))
}

fn quarters(desk: &mut Desk<'_>) -> Result<Vec<Offered>, StoreError> {
    let now = Quarter::of(desk.local.day(clock::now_ms()));
    std::iter::successors(Some(now.before()), |quarter| Some(quarter.before()))
        .take(OFFERED)
        .map(|quarter| {
            let (from, until) = quarter.days();
            let settled_at = match settlement::settled_by(desk.connection, desk.kinds, quarter)? {
                Some(lsn) => lines::received_at(desk.connection, lsn)?.map(|ms| desk.local.instant(ms).to_string()),
                None => None,
            };
            Ok(Offered {
                quarter,
                from,
                until,
                settled_at,
            })
        })
        .collect()
}

/// What the desk sends.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettlementsAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Quarter)]
    quarter: Quarter,
    note: Option<String>,
}

/// Settles a quarter.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `unreadable_request` (no quarter, or one that is not over);
/// then nothing is settled. One that is settled already is not settled again.
#[utoipa::path(
    post,
    path = "/desk/settlements",
    request_body = Asked, responses((status = 204, description = "Settled"))
)]
pub async fn post(home: web::Data<Home>, session: May<Settle>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let Asked { quarter, note } = body.into_inner();
    let settled = web::block(move || {
        let office = Office::of_account(&home, session.community, &session.account, session.worker)?;
        settlement::settle(&office, quarter, note.as_deref())
    });
    match settled.await? {
        Ok(_) => Ok(HttpResponse::NoContent().finish()),
        Err(SettleError::NotOver(..)) => Err(ApiError::unreadable("quarter")),
        Err(error) => Err(ApiError::internal(error)),
    }
}

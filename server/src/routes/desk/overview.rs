//! `GET /api/v1/desk/overview`: the server's clock, where the log ends, a few counts, and
//! when each phone was last heard from. Small, because every open desk asks again and again.

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::Lsn;
use menpai_sync_core::kinds::Family;
use menpai_sync_core::verdict::Verdict;
use serde::Serialize;

use super::{Desk, Named, duplicates, read};
use crate::auth::May;
use crate::auth::may::SeeFigures;
use crate::clock;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::{StoreError, heard};
use crate::store::review::counts;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OverviewAnswer)]
struct Answer {
    clock: String,
    today: String,
    #[schema(value_type = u64)]
    lsn: Lsn,
    records_today: u64,
    held: u64,
    waiting: u64,
    conflicts: u64,
    duplicates: usize,
    devices: Vec<Device>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OverviewDevice)]
struct Device {
    #[serde(flatten)]
    named: Named,
    worker: Option<Named>,
    last_contact: Option<String>,
}

/// How much is there, how much is open, and which phones were heard.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/overview",
    responses((status = 200, body = Answer, description = "Figures"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeFigures>) -> ApiResult<HttpResponse> {
    let now_ms = clock::now_ms();
    Ok(HttpResponse::Ok().json(read(&home, &session, move |desk| answer(desk, now_ms)).await?))
}

fn answer(desk: &mut Desk<'_>, now_ms: i64) -> Result<Answer, StoreError> {
    let today = desk.local.day(now_ms);
    Ok(Answer {
        clock: desk.local.instant(now_ms).to_string(),
        today: today.to_string(),
        lsn: counts::last_lsn(desk.connection)?,
        records_today: counts::merged_between(
            desk.connection,
            &desk.kinds_of(&[Family::Record]),
            desk.local.range(today),
        )?,
        held: counts::standing_at(desk.connection, Verdict::Held)?,
        waiting: counts::standing_at(desk.connection, Verdict::Waiting)?,
        conflicts: counts::conflicts(desk.connection)?,
        duplicates: duplicates::pairs(desk)?.len(),
        devices: phones(desk)?,
    })
}

/// Phones in use, the one that was silent longest first: that is the one to ask about.
fn phones(desk: &Desk<'_>) -> Result<Vec<Device>, StoreError> {
    let heard = heard::all(desk.connection)?;
    let mut phones: Vec<Device> = desk
        .register
        .devices()
        .filter(|(_, device)| !device.office && !device.revoked)
        .map(|(id, device)| Device {
            named: desk.device(id).named,
            worker: device.worker.map(|worker| desk.worker(worker)),
            last_contact: heard
                .get(&id)
                .map(|heard| desk.local.instant(heard.contact_ms).to_string()),
        })
        .collect();
    phones.sort_by(|a, b| (&a.last_contact, &a.named.id).cmp(&(&b.last_contact, &b.named.id)));
    Ok(phones)
}

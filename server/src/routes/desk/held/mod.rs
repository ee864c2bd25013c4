//! `GET /api/v1/desk/held`: every entry that does not count, with the reason, whose it is, both
//! clocks, what it would do, and whether it could be released as it is. Decided with
//! [`decisions`].

pub mod decisions;
mod form;
mod refusal;

use actix_web::{HttpResponse, web};
use menpai_sync_core::entry::MAX_BASE_HASHES;
use menpai_sync_core::ids::{EntryId, Hash, Lsn, Seq};
use menpai_sync_core::judge::part_of;
use menpai_sync_core::kinds::{Class, Labels};
use menpai_sync_core::verdict::{Reason, Verdict};
use serde::Serialize;

use self::form::Form;
use super::wording::{self, Content};
use super::{Desk, DeviceName, Named, read};
use crate::auth::May;
use crate::auth::may::Review;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::parts::Parts;
use crate::store::community::projection::{heads, held};
use crate::store::community::{StoreError, device_logs};
use crate::store::review::counts;
use crate::store::review::lines::{self, ReviewLine};
use crate::store::review::register::Address;
use crate::sync::{in_grid_now, release_refused};

/// Most entries of each sort in one answer; the counts say how many there are.
const MOST: usize = 200;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HeldAnswer)]
struct Answer {
    held: u64,
    waiting: u64,
    set_aside: u64,
    entries: Vec<Item>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HeldItem)]
struct Item {
    #[schema(value_type = u64)]
    lsn: Lsn,
    device: DeviceName,
    #[schema(value_type = u64)]
    seq: Seq,
    #[schema(value_type = Option<crate::openapi::Id>)]
    entry: Option<EntryId>,
    kind: Option<String>,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    kind_labels: Option<Labels>,
    grid: Option<Named>,
    /// Whose device it came from.
    worker: Option<Named>,
    /// Whom it names, where that is somebody else.
    says_worker: Option<Named>,
    made_at: Option<String>,
    made: String,
    received: String,
    offset_ms: i64,
    #[schema(value_type = crate::openapi::Verdict)]
    verdict: Verdict,
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    reason_text: Option<Labels>,
    /// The held entry that it needs.
    #[schema(value_type = Option<crate::openapi::Id>)]
    needs: Option<EntryId>,
    /// How many held entries need this one.
    needed_by: usize,
    /// Entries of its phone that have not arrived: the first and the last.
    #[schema(value_type = Option<(u64, u64)>)]
    missing: Option<(Seq, Seq)>,
    address: Option<Address>,
    #[schema(value_type = crate::openapi::Labels)]
    summary: Labels,
    body: Vec<Content>,
    /// Why it cannot be released as it is; `None`: it can.
    #[schema(value_type = Option<crate::openapi::Labels>)]
    not_releasable: Option<Labels>,
    /// How it can be amended; `None`: it cannot.
    amend: Option<Form>,
    /// What a decision made from this page has seen: heads of the document.
    #[schema(value_type = Vec<crate::openapi::Hash>)]
    seen: Vec<Hash>,
}

/// What is held, waits or was set aside, and why.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/held",
    responses((status = 200, body = Answer, description = "Entries"))
)]
pub async fn get(home: web::Data<Home>, session: May<Review>) -> ApiResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(read(&home, &session, answer).await?))
}

fn answer(desk: &mut Desk<'_>) -> Result<Answer, StoreError> {
    let mut found = Vec::new();
    for verdict in [Verdict::Held, Verdict::Waiting, Verdict::SetAside] {
        found.extend(lines::standing_at(desk.connection, desk.codec, verdict, MOST)?);
    }
    let parts = Parts::load(desk.connection)?;
    let entries = found
        .iter()
        .map(|line| item(desk, &parts, line))
        .collect::<Result<_, _>>()?;
    Ok(Answer {
        held: counts::standing_at(desk.connection, Verdict::Held)?,
        waiting: counts::standing_at(desk.connection, Verdict::Waiting)?,
        set_aside: counts::standing_at(desk.connection, Verdict::SetAside)?,
        entries,
    })
}

fn item(desk: &mut Desk<'_>, parts: &Parts, line: &ReviewLine) -> Result<Item, StoreError> {
    let entry = line.entry.as_ref();
    let kind = entry.and_then(|entry| desk.kinds.get(&entry.kind));
    if let Some(entry) = entry.filter(|_| line.part.class == Class::Care) {
        desk.saw(wording::mentioned(desk.kinds, entry));
    }
    let owner = desk.register.device(line.device).and_then(|device| device.worker);
    let refused = release_refused(desk.connection, desk.kinds, entry, line.reason)?;
    // An edit of what has moved since is released where that is now.
    let now = entry.map(|entry| in_grid_now(desk.connection, desk.kinds, entry.clone()));
    let part = now.transpose()?.map_or(line.part, |entry| part_of(&entry, desk.kinds));
    let seen = match parts.find(part) {
        Some(number) => heads(desk.connection, number)?,
        None => Vec::new(),
    };
    let needs = line
        .detail
        .as_deref()
        .filter(|_| line.reason == Some(Reason::Needs) && line.verdict == Verdict::Held);
    Ok(Item {
        lsn: line.lsn,
        device: desk.device(line.device),
        seq: line.seq,
        entry: line.id,
        kind: entry.map(|entry| entry.kind.clone()),
        kind_labels: kind.map(|kind| kind.labels.clone()),
        grid: line.part.grid.map(|grid| desk.grid(grid)).transpose()?,
        worker: owner.map(|worker| desk.worker(worker)),
        says_worker: entry
            .filter(|entry| Some(entry.worker) != owner)
            .map(|entry| desk.worker(entry.worker)),
        made_at: entry.map(|entry| entry.made_at.to_string()),
        made: desk.local.instant(line.made_ms).to_string(),
        received: desk.local.instant(line.received_ms).to_string(),
        offset_ms: line.offset_ms,
        verdict: line.verdict,
        reason: line.reason.map(Reason::code),
        reason_text: line.reason.map(Reason::sentence),
        needs: needs.and_then(|id| id.parse().ok()),
        needed_by: match line.id {
            Some(id) => held::needing(desk.connection, id)?.len(),
            None => 0,
        },
        missing: missing(desk, line)?,
        address: entry.map(|entry| wording::address(desk, entry)).transpose()?.flatten(),
        summary: match entry {
            Some(entry) => wording::summary(desk, entry)?,
            None => wording::unreadable(),
        },
        body: entry
            .map(|entry| wording::contents(desk, entry))
            .transpose()?
            .unwrap_or_default(),
        not_releasable: refused.as_ref().map(refusal::sentence),
        amend: entry.map(|entry| form::of(desk, entry)).transpose()?.flatten(),
        // More heads than an edit can state cost a conflict shown, never a value.
        seen: seen.into_iter().take(MAX_BASE_HASHES).collect(),
    })
}

/// What has not arrived of a waiting entry's phone: from behind what is here without a gap to
/// before what came past it.
fn missing(desk: &Desk<'_>, line: &ReviewLine) -> Result<Option<(Seq, Seq)>, StoreError> {
    if line.verdict != Verdict::Waiting {
        return Ok(None);
    }
    let Some(log) = device_logs::find(desk.connection, line.device)? else {
        return Ok(None);
    };
    let first = device_logs::islands(desk.connection, log.number)?;
    Ok(first.first().map(|island| (log.head.seq + 1, island.first - 1)))
}

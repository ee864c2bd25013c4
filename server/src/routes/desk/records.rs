//! `GET /api/v1/desk/records`: what the devices sent and the home decided, newest first,
//! every field labelled, both clocks as they were.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use menpai_sync_core::folds::late::{ClosedPeriod, is_late};
use menpai_sync_core::ids::{EntryId, GridId, Lsn, WorkerId};
use menpai_sync_core::kinds::{Class, Family, Labels};
use menpai_sync_core::verdict::{Reason, Verdict};
use serde::{Deserialize, Serialize};

use super::withdrawal::{self, TakenBack, Was, Withdrawals};
use super::wording::{self, Content};
use super::{Desk, DeviceName, Named, read};
use crate::auth::May;
use crate::auth::may::SeeRecords;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::review::late;
use crate::store::review::lines::{self, LineFilter, ReviewLine};
use crate::store::review::register::Address;

const USUAL_LIMIT: usize = 50;
const MOST: usize = 200;
/// `kind=family:record` asks for everything but edits. No kind's name has a colon.
const RECORDS_ONLY: &str = "family:record";

/// What may be asked for; whatever is empty is not asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    grid: Option<String>,
    kind: Option<String>,
    worker: Option<String>,
    day: Option<String>,
    verdict: Option<String>,
    before: Option<String>,
    limit: Option<String>,
}

#[derive(Debug)]
pub(super) struct Asked {
    grid: Option<GridId>,
    kind: Option<String>,
    worker: Option<WorkerId>,
    day: Option<NaiveDate>,
    verdict: Option<Verdict>,
    before: Option<Lsn>,
    limit: usize,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecordsAnswer)]
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    #[schema(value_type = Option<u64>)]
    pub(super) next: Option<Lsn>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecordsRecord)]
pub(super) struct Record {
    #[schema(value_type = u64)]
    pub(super) lsn: Lsn,
    #[schema(value_type = Option<crate::openapi::Id>)]
    pub(super) entry: Option<EntryId>,
    pub(super) kind: Option<String>,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    pub(super) kind_labels: Option<Labels>,
    pub(super) grid: Option<Named>,
    pub(super) worker: Option<Named>,
    pub(super) device: DeviceName,
    pub(super) seq: u64,
    pub(super) made_at: Option<String>,
    pub(super) made: String,
    pub(super) made_ms: i64,
    pub(super) received: String,
    pub(super) offset_ms: i64,
    #[schema(value_type = crate::openapi::Verdict)]
    pub(super) verdict: Verdict,
    pub(super) reason: Option<String>,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    pub(super) reason_text: Option<Labels>,
    #[schema(value_type = String)]
    pub(super) rung: &'static str,
    pub(super) address: Option<Address>,
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) summary: Labels,
    pub(super) body: Vec<Content>,
    /// The record that it says anew: what it was.
    pub(super) corrects: Option<Was>,
    /// It came after its day, or the quarter of its day, was closed.
    late: bool,
    /// Who took it back; it is listed and does not count.
    pub(super) taken_back: Option<TakenBack>,
}

/// What devices sent and the home decided, newest first.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/records",
    params(Query), responses((status = 200, body = Answer, description = "A page of records"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeRecords>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let asked = query.into_inner().read()?;
    let answer = read(&home, &session, move |desk| answer(desk, &asked)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) fn answer(desk: &mut Desk<'_>, asked: &Asked) -> Result<Answer, StoreError> {
    let mut kinds = desk.listed_kinds();
    match asked.kind.as_deref() {
        None => {}
        Some(RECORDS_ONLY) => kinds = desk.kinds_of(&[Family::Record]),
        Some(asked) => kinds.retain(|name| *name == asked),
    }
    let filter = LineFilter {
        grid: asked.grid,
        kinds,
        unknown_kinds: asked.kind.is_none(),
        worker: asked.worker,
        made_ms: asked.day.map(|day| desk.local.range(day)),
        verdict: asked.verdict,
        before: asked.before,
    };
    // One more than asked for tells whether there is a next page.
    let mut found = lines::newest(desk.connection, desk.codec, &filter, asked.limit + 1)?;
    let more = found.len() > asked.limit;
    found.truncate(asked.limit);
    let next = found.last().map(|line| line.lsn).filter(|_| more);
    let withdrawals = Withdrawals::read(desk)?;
    let closed = late::closed_periods(desk.connection, desk.kinds, &withdrawals.records())?;
    let records = found
        .iter()
        .map(|line| record(desk, &withdrawals, &closed, line))
        .collect::<Result<_, _>>()?;
    Ok(Answer { records, next })
}

fn record(
    desk: &mut Desk<'_>,
    withdrawals: &Withdrawals,
    closed: &[ClosedPeriod],
    line: &ReviewLine,
) -> Result<Record, StoreError> {
    let entry = line.entry.as_ref();
    let retracts = entry.and_then(|entry| entry.retracts);
    let target = retracts
        .map(|target| withdrawal::target(desk, target))
        .transpose()?
        .flatten();
    let about = target.as_ref().or(entry);
    if let Some(about) = about.filter(|_| line.part.class == Class::Care) {
        desk.saw(wording::mentioned(desk.kinds, about));
    }
    let merged = line.verdict == Verdict::Merged;
    let kind = entry.and_then(|entry| desk.kinds.get(&entry.kind));
    Ok(Record {
        lsn: line.lsn,
        entry: line.id,
        kind: entry.map(|entry| entry.kind.clone()),
        kind_labels: kind.map(|kind| kind.labels.clone()),
        grid: line.part.grid.map(|grid| desk.grid(grid)).transpose()?,
        worker: entry.map(|entry| desk.worker(entry.worker)),
        device: desk.device(line.device),
        seq: line.seq,
        made_at: entry.map(|entry| entry.made_at.to_string()),
        made: desk.local.instant(line.made_ms).to_string(),
        made_ms: line.made_ms,
        received: desk.local.instant(line.received_ms).to_string(),
        offset_ms: line.offset_ms,
        verdict: line.verdict,
        reason: line.reason.map(|reason| reason.code().to_owned()),
        reason_text: line.reason.map(Reason::sentence),
        rung: rung(line.verdict),
        address: about.map(|about| wording::address(desk, about)).transpose()?.flatten(),
        summary: match entry {
            Some(entry) if retracts.is_some() => {
                withdrawal::summary(desk, withdrawals, entry, target.as_ref(), merged)?
            }
            Some(entry) => wording::summary(desk, entry)?,
            None => wording::unreadable(),
        },
        body: match (&target, entry) {
            (Some(target), _) => withdrawal::contents(desk, target)?,
            (None, Some(entry)) => wording::contents(desk, entry)?,
            (None, None) => Vec::new(),
        },
        corrects: match entry.and_then(|entry| entry.supersedes) {
            Some(record) => withdrawal::was(desk, record)?,
            None => None,
        },
        late: merged && is_late(closed, desk.local.day(line.made_ms), line.part.grid, line.lsn),
        taken_back: withdrawals.taken_back(desk, line.id),
    })
}

/// How far an entry has come. Reviewed is a rung only for kinds that ask for review; none does.
fn rung(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Merged => "merged",
        Verdict::Held => "held",
        Verdict::Waiting => "on_server",
        Verdict::Released => "released",
        Verdict::SetAside => "set_aside",
    }
}

impl Asked {
    /// The same question, page by page of the largest size from here on.
    pub(super) fn from(self, before: Option<Lsn>) -> Asked {
        Asked {
            before,
            limit: MOST,
            ..self
        }
    }
}

impl Query {
    pub(super) fn read(self) -> ApiResult<Asked> {
        Ok(Asked {
            grid: part("grid", self.grid, |text| text.parse().ok())?,
            kind: self.kind.filter(|kind| !kind.is_empty()),
            worker: part("worker", self.worker, |text| text.parse().ok())?,
            day: part("day", self.day, |text| text.parse().ok())?,
            verdict: match self.verdict.as_deref() {
                None | Some("" | "merged") => Some(Verdict::Merged),
                Some("all") => None,
                Some(code) => {
                    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.code() == code);
                    Some(verdict.ok_or_else(|| ApiError::unreadable("verdict"))?)
                }
            },
            before: part("before", self.before, |text| text.parse().ok())?,
            limit: part("limit", self.limit, |text| text.parse().ok())?
                .unwrap_or(USUAL_LIMIT)
                .clamp(1, MOST),
        })
    }
}

pub(super) fn part<T>(name: &str, given: Option<String>, read: impl FnOnce(&str) -> Option<T>) -> ApiResult<Option<T>> {
    match given.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => read(&text).map(Some).ok_or_else(|| ApiError::unreadable(name)),
    }
}

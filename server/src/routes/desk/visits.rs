//! `GET /api/v1/desk/visits`: who on a care plan is overdue, by name, and who is due today.
//! Where the phone of somebody responsible is silent we do not know that a visit is overdue:
//! those stand apart, with whose phone and since when.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use menpai_sync_core::folds::care_clock::{Clock, Due, due};
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Labels;
use serde::{Deserialize, Serialize};

use super::reading::silence;
use super::records::part;
use super::{Desk, Named, Silent, read, wording};
use crate::auth::May;
use crate::auth::may::SeeVisits;
use crate::clock;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::review::plans::{self, Plan};
use crate::store::review::register::Address;
use crate::store::review::silence::Silence;
use crate::store::review::statements;

/// What a plan calls how closely somebody is looked after.
const LEVEL: &str = "level";

/// `grid`: only plans of that grid.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    grid: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = VisitsAnswer)]
pub(super) struct Answer {
    today: String,
    /// Plans that run today.
    plans: usize,
    /// Of these, with a contact today.
    visited_today: usize,
    pub(super) overdue: Vec<Visit>,
    pub(super) not_heard_from: Vec<Visit>,
    pub(super) due: Vec<Visit>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = VisitsVisit)]
pub(super) struct Visit {
    #[schema(value_type = crate::openapi::Id)]
    pub(super) plan: EntityId,
    #[schema(value_type = crate::openapi::Id)]
    pub(super) subject: EntityId,
    pub(super) name: Option<String>,
    pub(super) grid: Option<Named>,
    pub(super) address: Address,
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) level: Labels,
    /// `any` or `in_person`: which clock runs out first.
    #[schema(value_type = String)]
    pub(super) clock: &'static str,
    pub(super) due_on: String,
    pub(super) days_overdue: u64,
    pub(super) last: Option<LastContact>,
    pub(super) responsible: Vec<Named>,
    pub(super) silent: Vec<Silent>,
}

/// The last contact that the clock counts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = VisitsLastContact)]
pub(super) struct LastContact {
    pub(super) day: String,
    pub(super) in_person: bool,
}

/// Who on a care plan is overdue or due today.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/visits",
    params(Query), responses((status = 200, body = Answer, description = "Visits; those of silent phones apart"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeVisits>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let grid = query.into_inner().read()?;
    let now_ms = clock::now_ms();
    let answer = read(&home, &session, move |desk| answer(desk, grid, now_ms)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) fn answer(desk: &mut Desk<'_>, grid: Option<GridId>, now_ms: i64) -> Result<Answer, StoreError> {
    let today = desk.local.day(now_ms);
    let silence = silence(desk, now_ms, desk.local.range(today).start)?;
    let withdrawn = statements::withdrawn_records(desk.connection, |device| desk.is_office(device))?;
    let contacts = statements::contacts(desk.connection, desk.kinds, &withdrawn, desk.local.offset_minutes)?;
    let mut answer = Answer {
        today: today.to_string(),
        plans: 0,
        visited_today: 0,
        overdue: Vec::new(),
        not_heard_from: Vec::new(),
        due: Vec::new(),
    };
    for plan in plans::all(desk.connection, desk.kinds)? {
        if grid.is_some_and(|grid| plan.grid != Some(grid)) || !plan.clocks.runs_on(today) {
            continue;
        }
        let own = contacts.get(&plan.clocks.subject).map_or(&[][..], Vec::as_slice);
        let Some(due) = due(&plan.clocks, own.iter().copied(), today) else {
            continue;
        };
        answer.plans += 1;
        answer.visited_today += usize::from(own.iter().any(|contact| contact.day == today));
        if !due.is_due(today) {
            continue;
        }
        let visit = describe(desk, &plan, &due, today, &silence)?;
        match (visit.days_overdue, visit.silent.is_empty()) {
            (0, _) => answer.due.push(visit),
            (_, true) => answer.overdue.push(visit),
            (_, false) => answer.not_heard_from.push(visit),
        }
    }
    for visits in [&mut answer.overdue, &mut answer.not_heard_from, &mut answer.due] {
        visits.sort_by(|a, b| {
            b.days_overdue
                .cmp(&a.days_overdue)
                .then_with(|| a.due_on.cmp(&b.due_on))
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a.plan.cmp(&b.plan))
        });
    }
    Ok(answer)
}

fn describe(
    desk: &mut Desk<'_>,
    plan: &Plan,
    due: &Due,
    today: NaiveDate,
    silence: &Silence,
) -> Result<Visit, StoreError> {
    desk.saw([plan.clocks.subject]);
    let (name, clock) = pressing(due, today);
    let known = desk.register.entity(plan.clocks.subject)?;
    let level = match plan.entity.values.get(LEVEL) {
        Some(level) => wording::registry_value(desk, &plan.registry_type, LEVEL, &level.to_json())?,
        None => Labels {
            zh: String::new(),
            en: String::new(),
        },
    };
    let phones = plan.responsible.iter().flat_map(|worker| silence.of_worker(*worker));
    Ok(Visit {
        plan: plan.id,
        subject: plan.clocks.subject,
        name: known.name,
        grid: plan.grid.map(|grid| desk.grid(grid)).transpose()?,
        address: known.address,
        level,
        clock: name,
        due_on: clock.due_on.to_string(),
        days_overdue: clock.days_overdue(today),
        last: clock.last.map(|contact| LastContact {
            day: contact.day.to_string(),
            in_person: contact.in_person,
        }),
        silent: phones.map(|phone| desk.silent(phone)).collect(),
        responsible: plan.responsible.iter().map(|worker| desk.worker(*worker)).collect(),
    })
}

/// The clock that is later; of two that are equally late the one that a call does not help.
fn pressing(due: &Due, today: NaiveDate) -> (&'static str, Clock) {
    match due.in_person {
        Some(clock)
            if clock.is_due(today)
                && (!due.any.is_due(today) || clock.days_overdue(today) >= due.any.days_overdue(today)) =>
        {
            ("in_person", clock)
        }
        _ => ("any", due.any),
    }
}

impl Query {
    pub(super) fn read(self) -> ApiResult<Option<GridId>> {
        part("grid", self.grid, |text| text.parse().ok())
    }
}

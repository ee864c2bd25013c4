//! `GET /api/v1/desk/morning`: a closed day as the night wrote it down, and what has arrived
//! since, which changes no return. Also what the night itself did: check, copy, list.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use chrono::{Days, NaiveDate};
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::GridId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::SeeFigures;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::jobs::night::NODE;
use crate::jobs::night::records::{DailyReturn, Figures};
use crate::local_time::LocalTime;
use crate::store::community::StoreError;
use crate::store::node::{self, NightStep};
use crate::store::review::{returns, statements};

/// Days that the page offers.
const MOST_DAYS: usize = 31;

/// `day`: which closed day; without it the last one.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    day: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MorningAnswer)]
struct Answer {
    clock: String,
    /// `None`: no day was ever closed.
    day: Option<String>,
    /// Closed days, newest first.
    days: Vec<String>,
    community: Option<Return>,
    grids: Vec<Return>,
    /// What stands in no grid: the community less all grids.
    without_grid: Figures,
    visits: Option<Visits>,
    steps: Vec<StepState>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MorningReturn)]
struct Return {
    /// `None`: the whole community.
    grid: Option<Named>,
    #[serde(flatten)]
    figures: Figures,
    returned: Option<bool>,
    grids: Option<u64>,
    grids_returned: Option<u64>,
    phones: u64,
    phones_silent: u64,
    not_heard_from: Vec<Phone>,
    /// When it was counted.
    closed_at: String,
    /// Records of that day that arrived afterwards.
    since_arrived: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MorningPhone)]
struct Phone {
    worker: Named,
    /// `None`: there is no phone.
    device: Option<String>,
    since: Option<String>,
}

/// The list that the night wrote for the day after.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MorningVisits)]
struct Visits {
    day: String,
    due: u64,
    overdue: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MorningStepState)]
struct StepState {
    step: String,
    /// `None`: broken off, or under way.
    done: Option<bool>,
    finished: Option<String>,
    detail: String,
    /// It is about the server, not about the community.
    node: bool,
}

/// A closed day as the night wrote it down, and what has arrived since.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/morning",
    params(Query), responses((status = 200, body = Answer, description = "The day"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeFigures>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let asked = match query.day.as_deref() {
        None | Some("") => None,
        Some(day) => Some(day.parse::<NaiveDate>().map_err(|_| ApiError::unreadable("day"))?),
    };
    let now_ms = clock::now_ms();
    let mut answer = read(&home, &session, move |desk| answer(desk, asked, now_ms)).await?;
    if let Some(day) = answer.day.clone() {
        let code = session.community.to_string();
        let (own, node) = home
            .node(move |node| {
                node.read(|connection| {
                    Ok((
                        node::night_steps(connection, &code, &day)?,
                        node::night_steps(connection, NODE, &day)?,
                    ))
                })
            })
            .await?;
        answer.steps = own
            .into_iter()
            .map(|step| state(step, false))
            .chain(node.into_iter().map(|step| state(step, true)))
            .collect();
    }
    Ok(HttpResponse::Ok().json(answer))
}

fn state(step: NightStep, node: bool) -> StepState {
    let local = LocalTime::of_community();
    StepState {
        step: step.step,
        done: step.done,
        finished: step.finished_ms.map(|at_ms| local.instant(at_ms).to_string()),
        detail: step.detail,
        node,
    }
}

fn answer(desk: &mut Desk<'_>, asked: Option<NaiveDate>, now_ms: i64) -> Result<Answer, StoreError> {
    let days = returns::days(desk.connection, MOST_DAYS)?;
    let day = asked.map(|day| day.to_string()).or_else(|| days.first().cloned());
    let mut answer = Answer {
        clock: desk.local.instant(now_ms).to_string(),
        day: None,
        days,
        community: None,
        grids: Vec::new(),
        without_grid: Figures::default(),
        visits: None,
        steps: Vec::new(),
    };
    let Some(date) = day.and_then(|day| day.parse::<NaiveDate>().ok()) else {
        return Ok(answer);
    };
    let day = date.to_string();
    let written = returns::of_day(desk.connection, desk.codec, &day)?;
    let since = since_arrived(desk, date, &written)?;
    for (grid, entry) in written {
        let Ok(body) = serde_json::from_value::<DailyReturn>(Value::Object(entry.body.clone())) else {
            continue;
        };
        let shown = shown(desk, grid, &entry, body, since.get(&grid).copied().unwrap_or(0))?;
        match grid {
            None => answer.community = Some(shown),
            Some(_) => answer.grids.push(shown),
        }
    }
    answer.grids.sort_by(|a, b| {
        let name = |one: &Return| one.grid.as_ref().map(|grid| grid.name.clone());
        name(a).cmp(&name(b))
    });
    if let Some(community) = &mut answer.community {
        answer.without_grid = answer
            .grids
            .iter()
            .fold(community.figures, |rest, grid| rest.less(&grid.figures));
        community.since_arrived = since.values().sum();
    }
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date).to_string();
    answer.visits = returns::listed_visits(desk.connection, &next)?.map(|(due, overdue)| Visits {
        day: next,
        due,
        overdue,
    });
    answer.day = Some(day);
    Ok(answer)
}

/// Records of the day behind the line that its returns were counted at.
fn since_arrived(
    desk: &Desk<'_>,
    day: NaiveDate,
    written: &BTreeMap<Option<GridId>, Entry>,
) -> Result<BTreeMap<Option<GridId>, u64>, StoreError> {
    let known_through = written
        .get(&None)
        .and_then(|entry| entry.body.get("known_through")?.as_u64())
        .unwrap_or(0);
    let withdrawn = statements::withdrawn_records(desk.connection, |device| desk.is_office(device))?;
    let counted = returns::counted_kinds(desk.kinds);
    returns::count_by_grid(
        desk.connection,
        &counted,
        &desk.local.range(day),
        known_through,
        &withdrawn,
    )
}

fn shown(
    desk: &mut Desk<'_>,
    grid: Option<GridId>,
    entry: &Entry,
    body: DailyReturn,
    since_arrived: u64,
) -> Result<Return, StoreError> {
    let not_heard_from = body
        .not_heard_from
        .into_iter()
        .map(|phone| Phone {
            worker: Named {
                id: phone.worker.to_string(),
                name: phone.worker_name,
            },
            device: phone.device.map(|device| desk.device(device).named.name),
            since: phone.since.map(|since| since.to_string()),
        })
        .collect();
    Ok(Return {
        grid: grid.map(|grid| desk.grid(grid)).transpose()?,
        figures: body.figures,
        returned: body.returned,
        grids: body.grids,
        grids_returned: body.grids_returned,
        phones: body.phones,
        phones_silent: body.phones_silent,
        not_heard_from,
        closed_at: desk.local.instant(entry.made_at.unix_ms).to_string(),
        since_arrived,
    })
}

//! `GET /api/v1/desk/doors`: the doors behind a number of `coverage`, one by one: where, who
//! lives there, what was last found, by whom.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use menpai_sync_core::folds::coverage::{Standing, outcome};
use menpai_sync_core::ids::{EntityId, EntryId, GridId};
use menpai_sync_core::kinds::Labels;
use serde::{Deserialize, Serialize};

use super::reading::{AskedCampaign, Reading};
use super::records::part;
use super::{Desk, Named, Silent, read};
use crate::auth::May;
use crate::auth::may::SeeDoors;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::review::coverage::CoveredDoor;
use crate::store::review::places;
use crate::store::review::register::Address;
use crate::store::review::statements;

const USUAL_LIMIT: usize = 100;
const MOST: usize = 500;

/// What may be asked for; whatever is empty is not asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    campaign: Option<String>,
    grid: Option<String>,
    building: Option<String>,
    standing: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    campaign: AskedCampaign,
    grid: Option<GridId>,
    building: Option<EntityId>,
    standing: AskedStanding,
    offset: usize,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AskedStanding {
    Any,
    /// Whatever is not closed.
    Missing,
    One(Standing),
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DoorsAnswer)]
struct Answer {
    doors: Vec<DoorRow>,
    /// How many there are in all.
    total: usize,
    /// Whose phones are silent, by grid.
    #[schema(value_type = std::collections::HashMap<String, Vec<Silent>>)]
    silent: HashMap<GridId, Vec<Silent>>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DoorsDoorRow)]
pub(super) struct DoorRow {
    #[schema(value_type = crate::openapi::Id)]
    pub(super) id: EntityId,
    pub(super) grid: Option<Named>,
    pub(super) address: Address,
    #[schema(value_type = String)]
    pub(super) standing: &'static str,
    pub(super) residents: Vec<String>,
    pub(super) last: Option<Last>,
}

/// The last attempt.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DoorsLast)]
pub(super) struct Last {
    #[schema(value_type = crate::openapi::Id)]
    pub(super) entry: EntryId,
    pub(super) at: String,
    pub(super) worker: Option<Named>,
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) outcome: Labels,
    /// How many there were.
    pub(super) attempts: usize,
}

/// The doors behind a figure of coverage, one by one.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/doors",
    params(Query), responses((status = 200, body = Answer, description = "A page of doors"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeDoors>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let asked = query.into_inner().read()?;
    let now_ms = clock::now_ms();
    let answer = read(&home, &session, move |desk| answer(desk, asked, now_ms)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn answer(desk: &mut Desk<'_>, asked: Asked, now_ms: i64) -> Result<Answer, StoreError> {
    let reading = asked.reading(desk, now_ms)?;
    let fitting: Vec<&CoveredDoor> = reading.doors.iter().filter(|door| asked.fits(door)).collect();
    let residents = places::residents(desk.connection, desk.kinds)?;
    let mut doors = Vec::new();
    let mut silent: HashMap<GridId, Vec<Silent>> = HashMap::new();
    for door in fitting.iter().skip(asked.offset).take(asked.limit) {
        doors.push(row(desk, door, &residents)?);
        if let (Standing::NotHeardFrom, Some(grid)) = (door.standing, door.door.grid) {
            silent.entry(grid).or_insert_with(|| {
                reading
                    .silence
                    .of_grid(Some(grid))
                    .map(|phone| desk.silent(phone))
                    .collect()
            });
        }
    }
    Ok(Answer {
        doors,
        total: fitting.len(),
        silent,
    })
}

pub(super) fn row(
    desk: &mut Desk<'_>,
    covered: &CoveredDoor,
    residents: &HashMap<EntityId, Vec<String>>,
) -> Result<DoorRow, StoreError> {
    let door = &covered.door;
    let last = match &covered.fold {
        Some(fold) => Some(Last {
            entry: fold.last.stated.entry,
            at: desk.local.instant(fold.last.stated.at_ms).to_string(),
            worker: statements::author(desk.connection, fold.last.stated.entry)?.map(|worker| desk.worker(worker)),
            outcome: outcome_words(desk, &fold.last.outcome),
            attempts: fold.statements,
        }),
        None => None,
    };
    Ok(DoorRow {
        id: door.id,
        grid: door.grid.map(|grid| desk.grid(grid)).transpose()?,
        address: desk.register.entity(door.id)?.address,
        standing: standing_name(covered.standing),
        residents: (residents.get(&door.id).into_iter().flatten())
            .map(|name| desk.resident(name))
            .collect(),
        last,
    })
}

fn outcome_words(desk: &Desk<'_>, value: &str) -> Labels {
    let choice = desk.kinds.iter().find_map(|kind| outcome(kind, value));
    choice.map_or_else(
        || Labels {
            zh: value.to_owned(),
            en: value.to_owned(),
        },
        |choice| choice.labels.clone(),
    )
}

/// What a door is called of which nothing is known while a phone is silent.
pub(super) const NOT_HEARD_FROM: &str = "not_heard_from";

fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Closed => "closed",
        Standing::VisitedOpen => "visited_open",
        Standing::NotVisited => "not_visited",
        Standing::NotHeardFrom => NOT_HEARD_FROM,
    }
}

impl Asked {
    pub(super) fn reading(&self, desk: &Desk<'_>, now_ms: i64) -> Result<Reading, StoreError> {
        Reading::take(desk, self.campaign, now_ms)
    }

    pub(super) fn fits(&self, covered: &CoveredDoor) -> bool {
        let door = &covered.door;
        self.grid.is_none_or(|grid| door.grid == Some(grid))
            && self.building.is_none_or(|building| door.building == Some(building))
            && match self.standing {
                AskedStanding::Any => true,
                AskedStanding::Missing => covered.standing != Standing::Closed,
                AskedStanding::One(standing) => covered.standing == standing,
            }
    }
}

impl Query {
    pub(super) fn read(self) -> ApiResult<Asked> {
        Ok(Asked {
            campaign: AskedCampaign::read(self.campaign.as_deref())?,
            grid: part("grid", self.grid, |text| text.parse().ok())?,
            building: part("building", self.building, |text| text.parse().ok())?,
            standing: match self.standing.as_deref() {
                None | Some("") => AskedStanding::Any,
                Some("missing") => AskedStanding::Missing,
                Some("closed") => AskedStanding::One(Standing::Closed),
                Some("visited_open") => AskedStanding::One(Standing::VisitedOpen),
                Some("not_visited") => AskedStanding::One(Standing::NotVisited),
                Some(NOT_HEARD_FROM) => AskedStanding::One(Standing::NotHeardFrom),
                Some(_) => return Err(ApiError::unreadable("standing")),
            },
            offset: part("offset", self.offset, |text| text.parse().ok())?.unwrap_or(0),
            limit: part("limit", self.limit, |text| text.parse().ok())?
                .unwrap_or(USUAL_LIMIT)
                .clamp(1, MOST),
        })
    }
}

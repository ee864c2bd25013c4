//! `GET /api/v1/desk/wall`: every door as one cell, building by building, for the wall. The
//! same doors as the numbers of `coverage`.

use actix_web::{HttpResponse, web};
use menpai_sync_core::folds::coverage::Standing;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Mark;
use serde::Serialize;

use super::coverage::Query;
use super::reading::{AskedCampaign, Reading};
use super::{Desk, read};
use crate::auth::May;
use crate::auth::may::SeeFigures;
use crate::clock;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::review::coverage::CoveredDoor;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WallAnswer)]
struct Answer {
    buildings: Vec<Building>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WallBuilding)]
struct Building {
    #[schema(value_type = Option<crate::openapi::Id>)]
    id: Option<EntityId>,
    #[schema(value_type = Option<crate::openapi::Id>)]
    grid: Option<GridId>,
    doors: Vec<Cell>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WallCell)]
struct Cell {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    unit: String,
    floor: Option<i64>,
    room: String,
    #[schema(value_type = String)]
    state: &'static str,
}

/// Every door as one cell.
///
/// # Errors
/// `not_signed_in`, `unreadable_request`.
#[utoipa::path(
    get,
    path = "/desk/wall",
    params(Query), responses((status = 200, body = Answer, description = "Doors, building by building"))
)]
pub async fn get(home: web::Data<Home>, session: May<SeeFigures>, query: web::Query<Query>) -> ApiResult<HttpResponse> {
    let asked = query.campaign()?;
    let now_ms = clock::now_ms();
    let answer = read(&home, &session, move |desk| answer(desk, asked, now_ms)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn answer(desk: &mut Desk<'_>, asked: AskedCampaign, now_ms: i64) -> Result<Answer, StoreError> {
    let reading = Reading::take(desk, asked, now_ms)?;
    let mut buildings: Vec<Building> = Vec::new();
    for covered in reading.doors {
        let (id, grid) = (covered.door.building, covered.door.grid);
        if buildings.last().is_none_or(|last| (last.id, last.grid) != (id, grid)) {
            // A building that two grids share stands on the wall once for each.
            buildings.push(Building {
                id,
                grid,
                doors: Vec::new(),
            });
        }
        if let Some(last) = buildings.last_mut() {
            last.doors.push(cell(covered));
        }
    }
    Ok(Answer { buildings })
}

fn cell(covered: CoveredDoor) -> Cell {
    let state = match (covered.standing, covered.mark()) {
        (Standing::Closed, Some(Mark::Empty)) => "empty",
        (Standing::Closed, _) => "checked",
        (Standing::VisitedOpen, Some(Mark::Refused)) => "refused",
        (Standing::VisitedOpen, _) => "absent",
        (Standing::NotVisited, _) => "due",
        (Standing::NotHeardFrom, _) => "unknown",
    };
    let door = covered.door;
    Cell {
        id: door.id,
        unit: door.unit,
        floor: door.floor,
        room: door.room,
        state,
    }
}

//! `GET /api/v1/desk/grids`: the grids with their buildings, and who works where. `POST
//! /api/v1/desk/grids/moves`: the secretary moves buildings to another grid or a new one, as many
//! doors as the page showed; moving back undoes it.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::{EntityId, GridId, WorkerId};
use menpai_sync_core::kinds::Labels;
use serde::{Deserialize, Serialize};

use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::Organise;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::grids::{self, Change, ChangeError, Size, Target};
use crate::office::{Office, OfficeError};
use crate::store::community::StoreError;
use crate::sync::moving::MoveError;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GridsAnswer)]
struct Answer {
    grids: Vec<Grid>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GridsGrid)]
struct Grid {
    #[schema(value_type = crate::openapi::Id)]
    id: GridId,
    name: String,
    code: String,
    workers: Vec<Worker>,
    buildings: Vec<Building>,
    /// What is in no building that the register knows.
    elsewhere: Size,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GridsWorker)]
struct Worker {
    #[serde(flatten)]
    named: Named,
    #[schema(value_type = crate::openapi::Labels)]
    role: Labels,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GridsBuilding)]
struct Building {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    name: String,
    #[serde(flatten)]
    size: Size,
}

/// The grids with their buildings and who works there.
///
/// # Errors
/// `not_signed_in`, `not_allowed`.
#[utoipa::path(
    get,
    path = "/desk/grids",
    responses((status = 200, body = Answer, description = "Grids"))
)]
pub async fn get(home: web::Data<Home>, session: May<Organise>) -> ApiResult<HttpResponse> {
    let now_ms = clock::now_ms();
    let answer = read(&home, &session, move |desk| answer(desk, now_ms)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn answer(desk: &Desk<'_>, now_ms: i64) -> Result<Answer, StoreError> {
    let grids = grids::all(desk.connection)?;
    let grids = grids.into_iter().map(|grid| Grid {
        workers: workers(desk, grid.id, now_ms),
        id: grid.id,
        name: grid.name,
        code: grid.code,
        buildings: grid
            .buildings
            .into_iter()
            .map(|building| Building {
                id: building.id,
                name: building.name,
                size: building.size,
            })
            .collect(),
        elsewhere: grid.elsewhere,
    });
    Ok(Answer { grids: grids.collect() })
}

/// Who has a role in exactly that grid, by name; a role for a place in it goes where that goes.
fn workers(desk: &Desk<'_>, grid: GridId, now_ms: i64) -> Vec<Worker> {
    let granted = desk
        .directory
        .granted_in(grid, now_ms)
        .filter(|granted| granted.place.is_none());
    let mut workers: Vec<Worker> = granted
        .map(|granted| Worker {
            named: desk.worker(granted.worker),
            role: desk.role(&granted.assignment.role),
        })
        .collect();
    workers.sort_by(|a, b| (&a.named.name, &a.named.id).cmp(&(&b.named.name, &b.named.id)));
    workers
}

/// What moved.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GridsDone)]
struct Done {
    /// Where it is now.
    #[schema(value_type = crate::openapi::Id)]
    grid: GridId,
    doors: usize,
    people: usize,
    /// Records that the new grid was told of.
    told: usize,
    /// Roles that ended with the old grid.
    ended: usize,
}

/// What the desk sends. One of `to` and `name` says where; no `buildings` are all of them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GridsAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Id)]
    from: GridId,
    #[schema(value_type = Option<crate::openapi::Id>)]
    to: Option<GridId>,
    name: Option<String>,
    #[schema(value_type = Option<Vec<crate::openapi::Id>>)]
    buildings: Option<BTreeSet<EntityId>>,
    #[schema(value_type = Vec<crate::openapi::Id>)]
    workers: Vec<WorkerId>,
    doors: usize,
}

/// Moves buildings to another grid or a new one.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `grids_changed`, `unreadable_request` (where a name is none or
/// taken, or both grids are one); then nothing moved.
#[utoipa::path(
    post,
    path = "/desk/grids/moves",
    request_body = Asked, responses((status = 200, body = Done, description = "Moved"))
)]
pub async fn post(home: web::Data<Home>, session: May<Organise>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let asked = body.into_inner();
    let to = match (asked.to, asked.name) {
        (Some(grid), None) => Target::Known(grid),
        (None, Some(name)) => Target::New(name),
        _ => return Err(ApiError::unreadable("to")),
    };
    let change = Change {
        from: asked.from,
        to,
        buildings: asked.buildings,
        workers: asked.workers.into_iter().map(|worker| (worker, None)).collect(),
        doors: Some(asked.doors),
        apply: true,
    };
    let done = web::block(move || {
        let office = Office::of_account(&home, session.community, &session.account, session.worker)?;
        Ok::<_, OfficeError>(grids::change(&office, change))
    });
    let (grid, moved) = done.await??.map_err(refused)?;
    Ok(HttpResponse::Ok().json(Done {
        grid,
        doors: moved.doors,
        people: moved.people,
        told: moved.told,
        ended: moved.ended,
    }))
}

fn refused(error: ChangeError) -> ApiError {
    match error {
        ChangeError::Move(MoveError::Changed(_) | MoveError::NotThere(_) | MoveError::Nothing) => {
            ApiError::GridsChanged
        }
        ChangeError::Move(MoveError::SameGrid | MoveError::NoGrid(_)) => ApiError::unreadable("to"),
        ChangeError::BadName | ChangeError::NameTaken(_) => ApiError::unreadable("name"),
        ChangeError::Move(MoveError::Store(error)) => ApiError::internal(error),
        ChangeError::Office(error) => error.into(),
    }
}

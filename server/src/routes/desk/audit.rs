//! `GET /api/v1/desk/audit?name=…`: who saw or did what, the newest first; with a name, about each of
//! those who are called so. Asking is written down too.

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use serde::{Deserialize, Serialize};

use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::SeeAudit;
use crate::clock;
use crate::error::ApiResult;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::community::audit::{self, Line};
use crate::store::review::erasable;
use crate::store::review::register::Address;

/// Most lines at once.
const MOST: usize = 200;

/// What may be asked.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Question {
    #[serde(default)]
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditAnswer)]
struct Answer {
    /// The newest lines about anybody; empty where somebody is asked about.
    lines: Vec<Shown>,
    people: Vec<Person>,
}

/// Somebody of that name.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditPerson)]
struct Person {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    name: String,
    address: Option<Address>,
    lines: Vec<Shown>,
    /// Workers whose phones have the part in which this person is now.
    phones: Vec<Named>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditShown)]
struct Shown {
    number: i64,
    at: String,
    worker: Named,
    action: String,
    place: Option<String>,
    /// How many people it was about.
    subjects: i64,
}

/// Who saw or did what; with a name, about those who are called so.
///
/// # Errors
/// `not_signed_in`, `not_allowed`.
#[utoipa::path(
    get,
    path = "/desk/audit",
    params(Question), responses((status = 200, body = Answer, description = "Lines of the audit log"))
)]
pub async fn get(
    home: web::Data<Home>,
    session: May<SeeAudit>,
    asked: web::Query<Question>,
) -> ApiResult<HttpResponse> {
    let name = asked.into_inner().name;
    let answer = read(&home, &session, move |desk| answer(desk, name.trim())).await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn answer(desk: &mut Desk<'_>, name: &str) -> Result<Answer, StoreError> {
    if name.is_empty() {
        let lines = audit::newest(desk.connection, MOST)?;
        return Ok(Answer {
            lines: lines.into_iter().map(|line| shown(desk, line)).collect(),
            people: Vec::new(),
        });
    }
    let mut people = Vec::new();
    for one in erasable::named(desk.connection, desk.kinds, name)? {
        // Who may look at the log need not be told where everybody lives.
        if one.name != name {
            continue;
        }
        desk.saw([one.id]);
        let known = desk.register.entity(one.id)?;
        let lines = audit::about(desk.connection, desk.code, one.id, MOST)?;
        let part = Part {
            grid: known.grid,
            class: Class::Care,
        };
        let phones = desk.directory.workers_having(part, clock::now_ms());
        people.push(Person {
            id: one.id,
            name: desk.resident(&one.name),
            address: Some(known.address).filter(|address| desk.sight.names && !address.is_empty()),
            lines: lines.into_iter().map(|line| shown(desk, line)).collect(),
            phones: phones.into_iter().map(|worker| desk.worker(worker)).collect(),
        });
    }
    Ok(Answer {
        lines: Vec::new(),
        people,
    })
}

/// Where an invitation or a phone is meant, whose it is, or what it is called.
fn in_words(desk: &Desk<'_>, place: String) -> String {
    let worker = place.parse().ok().and_then(|worker| desk.register.worker(worker));
    let device = || {
        let device = place.parse().ok()?;
        desk.directory.device(device).map(|_| desk.device(device).named.name)
    };
    worker.map(str::to_owned).or_else(device).unwrap_or(place)
}

fn shown(desk: &Desk<'_>, line: Line) -> Shown {
    let meant = line.place.as_deref().and_then(audit::worker_of);
    Shown {
        number: line.number,
        at: desk.local.instant(line.at_ms).to_string(),
        worker: desk.worker(line.worker),
        action: line.action,
        place: match meant {
            Some(worker) => Some(desk.worker(worker).name),
            None => line.place.map(|place| in_words(desk, place)),
        },
        subjects: line.subjects,
    }
}

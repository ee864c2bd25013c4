//! `GET /api/v1/desk/staff`: who works here, in which roles, with which phones; a grid's chief sees whoever
//! works in the own grids alone. `POST …/roles` gives one, to somebody new too, `POST …/roles/end` ends one,
//! `POST …/phones/stop` stops a phone: with its next request.

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, GridId, WorkerId};
use menpai_sync_core::kinds::{Choice, Labels, Shape};
use menpai_sync_core::text::nfc;
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};

use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::{InvitePhones, ManageStaff, MaySomewhere, may_about};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::local_time::LocalTime;
use crate::office::roles::{self, At, Because, ChangeError, NewRole};
use crate::office::staff::{self, NewMember, StaffError};
use crate::office::{Office, OfficeError, grids};
use crate::rights::{Action, Actor, Place, Scope, authorize, rights_of};
use crate::store::community::{StoreError, heard};
use crate::store::node;
use crate::store::review::chain::answers_for;
use crate::store::review::register::Address;

/// Characters of a person's name.
const LONGEST_NAME: usize = 50;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffAnswer)]
struct Answer {
    people: Vec<Person>,
    /// What whoever asks can give.
    roles: Vec<Role>,
    grids: Vec<Grid>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffPerson)]
struct Person {
    #[serde(flatten)]
    named: Named,
    /// What they type to sign in; nobody without one has a phone.
    account: Option<String>,
    roles: Vec<HeldRole>,
    phones: Vec<Phone>,
    /// The one who asks.
    own: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffHeldRole)]
struct HeldRole {
    #[schema(value_type = crate::openapi::Id)]
    record: EntryId,
    role: String,
    #[schema(value_type = crate::openapi::Labels)]
    label: Labels,
    grid: Option<Named>,
    /// What below the grid it is for.
    address: Option<Address>,
    from: String,
    until: Option<String>,
    current: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffPhone)]
struct Phone {
    #[serde(flatten)]
    named: Named,
    last_contact: Option<String>,
    /// Since when it is stopped.
    stopped: Option<String>,
    /// It was stopped since it was lost: it is to wipe itself.
    lost: bool,
    /// Since it was stopped it was in contact, and answered.
    told: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffRole)]
struct Role {
    role: String,
    #[schema(value_type = crate::openapi::Labels)]
    label: Labels,
    /// It works in a grid.
    in_grid: bool,
    /// Types of places below the grid for one of which it is given; none: for the whole grid.
    answers_for: Vec<&'static str>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffGrid)]
struct Grid {
    #[serde(flatten)]
    named: Named,
    /// Its compounds and buildings.
    places: Vec<Spot>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffSpot)]
struct Spot {
    #[serde(flatten)]
    named: Named,
    #[serde(rename = "type")]
    place_type: String,
}

/// Who has which role, and which phones.
///
/// # Errors
/// `not_signed_in`, `not_allowed`.
#[utoipa::path(
    get,
    path = "/desk/staff",
    responses((status = 200, body = Answer, description = "People"))
)]
pub async fn get(home: web::Data<Home>, session: MaySomewhere<InvitePhones>) -> ApiResult<HttpResponse> {
    let (own, now_ms) = (session.worker, clock::now_ms());
    // What the office writes by itself carries a name too; it is nobody.
    let office = home::community(&home, session.community)
        .await?
        .identity()
        .founder
        .worker;
    let code = session.community;
    let accounts = home.node(move |node| node.read(|connection| node::list_accounts(connection, code)));
    let named = accounts
        .await?
        .into_iter()
        .map(|account| (account.worker, account.name));
    let accounts: HashMap<WorkerId, String> = named.collect();
    let answer = read(&home, &session, move |desk| {
        answer(desk, own, office, &accounts, now_ms)
    });
    Ok(HttpResponse::Ok().json(answer.await?))
}

fn answer(
    desk: &mut Desk<'_>,
    own: WorkerId,
    office: WorkerId,
    accounts: &HashMap<WorkerId, String>,
    now_ms: i64,
) -> Result<Answer, StoreError> {
    let mut people: BTreeMap<WorkerId, Person> = BTreeMap::new();
    let person = |desk: &Desk<'_>, worker: WorkerId| Person {
        named: desk.worker(worker),
        account: accounts.get(&worker).cloned(),
        roles: Vec::new(),
        phones: Vec::new(),
        own: worker == own,
    };
    let directory = std::sync::Arc::clone(&desk.directory);
    let shown = |worker: WorkerId| worker != office && may_about::<InvitePhones>(&directory, own, worker);
    for granted in directory.granted().filter(|granted| shown(granted.worker)) {
        let assignment = granted.assignment;
        let grid = match assignment.grid {
            Some(grid) => Some(desk.grid(grid)?),
            None => None,
        };
        let of = people
            .entry(granted.worker)
            .or_insert_with(|| person(desk, granted.worker));
        of.roles.push(HeldRole {
            record: granted.record,
            role: assignment.role.clone(),
            label: desk.role(&assignment.role),
            grid,
            address: desk.address_of(&granted)?,
            from: desk.local.instant(assignment.from_ms).to_string(),
            until: assignment.until_ms.map(|until| desk.local.instant(until).to_string()),
            current: assignment.is_current(now_ms),
        });
    }
    let heard = heard::all(desk.connection)?;
    for (device, known) in directory.phones().filter(|(_, known)| shown(known.facts.worker)) {
        let of = people
            .entry(known.facts.worker)
            .or_insert_with(|| person(desk, known.facts.worker));
        let contact = heard
            .get(&device)
            .map(|heard| desk.local.instant(heard.contact_ms).to_string());
        of.phones.push(Phone {
            named: desk.device(device).named,
            last_contact: contact,
            stopped: known.facts.revoked_ms.map(|at| desk.local.instant(at).to_string()),
            lost: known.lost,
            told: (heard.get(&device).zip(known.facts.revoked_ms))
                .is_some_and(|(heard, stopped_ms)| heard.contact_ms >= stopped_ms),
        });
    }
    let mut people: Vec<Person> = people.into_values().collect();
    people.sort_by(|a, b| (&a.named.name, &a.named.id).cmp(&(&b.named.name, &b.named.id)));
    let actor = Actor {
        assignments: directory.assignments(own),
        now_ms,
    };
    if authorize(actor, Action::ManageStaff, Scope::Community).is_err() {
        return Ok(Answer {
            people,
            roles: Vec::new(),
            grids: Vec::new(),
        });
    }
    let mut spots = roles::spots(desk.connection)?;
    let grids = grids::all(desk.connection)?.into_iter().map(|grid| Grid {
        places: (spots.remove(&grid.id).unwrap_or_default().into_iter())
            .map(|spot| Spot {
                named: Named {
                    id: spot.id.to_string(),
                    name: spot.name,
                },
                place_type: spot.place_type,
            })
            .collect(),
        named: Named {
            id: grid.id.to_string(),
            name: grid.name,
        },
    });
    let grids = grids.collect();
    let roles = role_choices(desk).iter().filter_map(|choice| {
        let rights = rights_of(&choice.value)?;
        Some(Role {
            role: choice.value.clone(),
            label: choice.labels.clone(),
            in_grid: rights.place == Place::Grid,
            answers_for: answers_for(&choice.value).to_vec(),
        })
    });
    Ok(Answer {
        people,
        roles: roles.collect(),
        grids,
    })
}

fn role_choices<'c>(desk: &Desk<'c>) -> &'c [Choice] {
    let field = desk.kinds.iter().find_map(|kind| {
        let grants = kind.effects.grants.as_ref()?;
        kind.field(grants.role.as_str())
    });
    match field.map(|field| &field.shape) {
        Some(Shape::Choice { choices, .. }) => choices,
        _ => &[],
    }
}

/// A role to be given.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffGiven)]
pub struct Given {
    /// Who has a role or an account here already.
    #[schema(value_type = Option<crate::openapi::Id>)]
    worker: Option<WorkerId>,
    /// Or the name of somebody who is new.
    name: Option<String>,
    role: String,
    #[schema(value_type = Option<crate::openapi::Id>)]
    grid: Option<GridId>,
    /// A compound or building of the grid, for roles that are for one.
    #[schema(value_type = Option<crate::openapi::Id>)]
    place: Option<EntityId>,
    /// One of the building's stairwells.
    unit: Option<String>,
    /// One of its doors.
    room: Option<String>,
    /// Last day, if it is for a key period.
    #[schema(value_type = Option<crate::openapi::Day>)]
    until: Option<NaiveDate>,
}

/// Gives a role.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `not_found` for a worker or grid that is none, `unreadable_request` (which part);
/// then nothing is written.
#[utoipa::path(
    post,
    path = "/desk/staff/roles",
    request_body = Given, responses((status = 204, description = "Given"))
)]
pub async fn grant(
    home: web::Data<Home>,
    session: May<ManageStaff>,
    body: web::Json<Given>,
) -> ApiResult<HttpResponse> {
    let given = body.into_inner();
    let local = LocalTime::of_community();
    let until = given.until.map(|day| Instant {
        unix_ms: local.range(day).end,
        offset_minutes: local.offset_minutes,
    });
    if until.is_some_and(|until| until.unix_ms <= clock::now_ms()) {
        return Err(ApiError::unreadable("until"));
    }
    let (worker, name) = match (given.worker, given.name) {
        (Some(worker), None) => (worker, name_of(&home, &session, worker).await?),
        (None, Some(name)) => (clock::new_worker_id(), new_name(&name)?),
        _ => return Err(ApiError::unreadable("worker")),
    };
    let (unit, room) = (given.unit, given.room);
    let new = NewRole {
        worker,
        name,
        role: given.role,
        grid: given.grid,
        at: given.place.map(|place| At { place, unit, room }),
        until,
    };
    change(&home, &session, move |office| roles::grant(office, &new)).await
}

/// Who is to sign in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffAccount)]
pub struct OpenAccount {
    #[schema(value_type = crate::openapi::Id)]
    worker: WorkerId,
    /// What they are to type; not needed where they have an account.
    account: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StaffOpened)]
struct OpenedAccount {
    account: String,
    /// Said once; with it they set their own.
    password: String,
    #[schema(value_type = crate::openapi::Instant)]
    expires: Instant,
}

/// Gives somebody who has a role here an account, or a new first password.
///
/// # Errors
/// `not_signed_in`, `not_allowed` for one's own and for who works in another community too,
/// `unreadable_request` where the name is none or taken.
#[utoipa::path(
    post,
    path = "/desk/staff/accounts",
    request_body = OpenAccount, responses((status = 200, body = OpenedAccount, description = "Opened"))
)]
pub async fn open_account(
    home: web::Data<Home>,
    session: May<ManageStaff>,
    body: web::Json<OpenAccount>,
) -> ApiResult<HttpResponse> {
    let OpenAccount { worker, account } = body.into_inner();
    let (code, by) = (session.community, session.worker);
    if worker == by {
        return Err(ApiError::NotAllowed);
    }
    let member = NewMember {
        account: account.unwrap_or_default(),
        name: name_of(&home, &session, worker).await?,
        role: String::new(),
        grids: Vec::new(),
    };
    let opened = web::block(move || staff::open_account(&home, code, by, &member, worker)).await?;
    let opened = opened.map_err(|error| match error {
        StaffError::BadAccount(_) | StaffError::AccountExists(_) => ApiError::unreadable("account"),
        StaffError::WorksElsewhere => ApiError::NotAllowed,
        error => ApiError::internal(error),
    })?;
    Ok(HttpResponse::Ok().json(OpenedAccount {
        account: opened.account,
        password: opened.password,
        expires: LocalTime::of_community().instant(opened.until_ms),
    }))
}

/// A role to be ended.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffEnded)]
pub struct Ended {
    #[schema(value_type = crate::openapi::Id)]
    record: EntryId,
    because: EndReason,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StaffEndReason)]
enum EndReason {
    Ordinary,
    Abuse,
}

/// Ends a role.
///
/// # Errors
/// `not_signed_in`, `not_allowed` for one's own, `not_found`; then nothing is written.
#[utoipa::path(
    post,
    path = "/desk/staff/roles/end",
    request_body = Ended, responses((status = 204, description = "Ended"))
)]
pub async fn end(home: web::Data<Home>, session: May<ManageStaff>, body: web::Json<Ended>) -> ApiResult<HttpResponse> {
    let Ended { record, because } = body.into_inner();
    let because: Because = match because {
        EndReason::Ordinary => "ordinary",
        EndReason::Abuse => "abuse",
    };
    change(&home, &session, move |office| roles::end(office, record, because)).await
}

/// A phone to be stopped.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffStopped)]
pub struct Stopped {
    #[schema(value_type = crate::openapi::Id)]
    device: DeviceId,
    because: StopReason,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StaffStopReason)]
enum StopReason {
    Replaced,
    Lost,
    Abuse,
}

/// Stops a phone.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `not_found`; then nothing is written.
#[utoipa::path(
    post,
    path = "/desk/staff/phones/stop",
    request_body = Stopped, responses((status = 204, description = "Stopped"))
)]
pub async fn stop(
    home: web::Data<Home>,
    session: May<ManageStaff>,
    body: web::Json<Stopped>,
) -> ApiResult<HttpResponse> {
    let Stopped { device, because } = body.into_inner();
    let because: Because = match because {
        StopReason::Replaced => "replaced",
        StopReason::Lost => "lost",
        StopReason::Abuse => "abuse",
    };
    change(&home, &session, move |office| {
        roles::stop_phone(office, device, because)
    })
    .await
}

/// The name of somebody who is new here.
fn new_name(typed: &str) -> ApiResult<String> {
    let name = nfc(typed.trim()).into_owned();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(ApiError::unreadable("name"))
    }
}

/// As the office calls somebody who has an account or a role here.
async fn name_of(home: &web::Data<Home>, session: &May<ManageStaff>, worker: WorkerId) -> ApiResult<String> {
    let name = read(home, session, move |desk| {
        Ok::<_, StoreError>(desk.register.worker(worker).map(str::to_owned))
    });
    name.await?.ok_or_else(|| ApiError::unreadable("worker"))
}

async fn change(
    home: &web::Data<Home>,
    session: &May<ManageStaff>,
    what: impl FnOnce(&Office) -> Result<(), ChangeError> + Send + 'static,
) -> ApiResult<HttpResponse> {
    let home = home.clone();
    let (code, account, worker) = (session.community, session.account.clone(), session.worker);
    let done = web::block(move || {
        let office = Office::of_account(&home, code, &account, worker)?;
        Ok::<_, OfficeError>(what(&office))
    });
    done.await??.map_err(|error| match error {
        ChangeError::Office(error) => ApiError::internal(error),
        ChangeError::Own => ApiError::NotAllowed,
        ChangeError::WrongPlace => ApiError::unreadable("grid"),
        ChangeError::Unknown(part @ ("place" | "door")) => ApiError::unreadable(part),
        ChangeError::Ended | ChangeError::Unknown(_) => ApiError::NotFound,
    })?;
    Ok(HttpResponse::NoContent().finish())
}

//! Id numbers at the desk. `POST /api/v1/desk/id-numbers/find`: whose number is known, by name or by
//! the whole number, which is in the body so that no log of addresses has it; the answer has the masked
//! form. `POST /api/v1/desk/id-numbers/reveal`: one number whole, for a reason, which is in the audit
//! log before it is on a screen.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::citizen_id::{self, CitizenId};
use serde::{Deserialize, Serialize};

use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::{RevealIdNumber, SeeIdNumbers};
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::id_numbers::{IdNumbers, carried};
use crate::store::community::StoreError;
use crate::store::review::id_numbers::{Standing, standing};
use crate::store::review::register::Address;
use crate::store::review::{erasable, statements};

/// Whose number is looked for: by part of a name, or by all of a number.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IdNumberQuestion)]
pub struct Question {
    /// Of a person.
    #[serde(default)]
    name: String,
    /// All 18 characters.
    #[serde(default)]
    number: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = IdNumberPeople)]
struct People {
    found: Vec<Found>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = IdNumberFound)]
struct Found {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    name: String,
    grid: Option<Named>,
    address: Address,
    /// The newest first; none: none was recorded.
    numbers: Vec<Recorded>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = IdNumberRecorded)]
struct Recorded {
    /// `1101**********002X`; nothing: sealed with a key that is not here any more.
    masked: Option<String>,
    worker: Named,
    made: String,
}

/// Why somebody needs a number whole. A choice: the audit log takes no free text.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IdNumberReason)]
enum Reason {
    /// A form of another office asks for it.
    OfficialForm,
    /// Two records may be of one person.
    Duplicate,
    /// The resident asks what is kept.
    ResidentAsked,
    /// Help in an emergency.
    Emergency,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::OfficialForm => "official_form",
            Reason::Duplicate => "duplicate",
            Reason::ResidentAsked => "resident_asked",
            Reason::Emergency => "emergency",
        }
    }
}

/// Whose, and what for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IdNumberReveal)]
pub struct Reveal {
    #[schema(value_type = crate::openapi::Id)]
    person: EntityId,
    reason: Reason,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = IdNumberRevealed)]
struct Revealed {
    number: String,
}

/// People by name, or the one with a number, with their numbers masked.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `unreadable_request` (where the number is none).
#[utoipa::path(
    post,
    path = "/desk/id-numbers/find",
    request_body = Question, responses((status = 200, body = People, description = "Who was found"))
)]
pub async fn find(
    home: web::Data<Home>,
    session: May<SeeIdNumbers>,
    body: web::Json<Question>,
) -> ApiResult<HttpResponse> {
    let Question { name, number } = body.into_inner();
    let number = match number.trim() {
        "" => None,
        text => Some(citizen_id::check(text, NaiveDate::MAX).map_err(|_| ApiError::unreadable("number"))?),
    };
    let numbers = Arc::clone(&home.id_numbers);
    let found = read(&home, &session, move |desk| match number {
        Some(number) => with_number(desk, &numbers, &number),
        None => called(desk, &numbers, name.trim()),
    });
    Ok(HttpResponse::Ok().json(People { found: found.await? }))
}

/// One number whole. Who asked, about whom and why is written down first.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `not_found` (no number that can be read).
#[utoipa::path(
    post,
    path = "/desk/id-numbers/reveal",
    request_body = Reveal, responses((status = 200, body = Revealed, description = "The number"))
)]
pub async fn reveal(
    home: web::Data<Home>,
    session: May<RevealIdNumber>,
    body: web::Json<Reveal>,
) -> ApiResult<HttpResponse> {
    let Reveal { person, reason } = body.into_inner();
    let numbers = Arc::clone(&home.id_numbers);
    let number = read(&home, &session, move |desk| {
        let all = of_everybody(desk)?;
        let of_person = all.get(&desk.register.aliases().canonical(person));
        let Some(newest) = of_person.and_then(|all| all.last()) else {
            return Ok(None);
        };
        let number = opened(desk, &numbers, newest)?;
        if number.is_some() {
            desk.place = Some(reason.name().to_owned());
            desk.saw([person]);
        }
        Ok::<_, StoreError>(number)
    });
    let number = number.await?.ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Ok().json(Revealed {
        number: number.as_str().to_owned(),
    }))
}

/// What is known of everybody's numbers.
pub(super) fn of_everybody(desk: &Desk<'_>) -> Result<BTreeMap<EntityId, Vec<Standing>>, StoreError> {
    let withdrawn = statements::withdrawn_records(desk.connection, |device| desk.is_office(device))?;
    standing(desk.connection, desk.register.aliases(), &withdrawn)
}

fn with_number(desk: &mut Desk<'_>, numbers: &IdNumbers, number: &CitizenId) -> Result<Vec<Found>, StoreError> {
    let hash = numbers.hash(desk.code, number);
    let mut found = Vec::new();
    for (person, own) in of_everybody(desk)? {
        if own.iter().any(|one| one.hash == Some(hash)) {
            let name = desk.register.entity(person)?.name.unwrap_or_default();
            found.push(row(desk, numbers, (person, name), &own)?);
        }
    }
    Ok(found)
}

fn called(desk: &mut Desk<'_>, numbers: &IdNumbers, name: &str) -> Result<Vec<Found>, StoreError> {
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let all = of_everybody(desk)?;
    let mut found = Vec::new();
    for one in erasable::named(desk.connection, desk.kinds, name)? {
        if has_numbers(desk, &one.entity_type) && !desk.register.aliases().is_alias(one.id) {
            let own = all.get(&one.id).map_or(&[][..], Vec::as_slice);
            found.push(row(desk, numbers, (one.id, one.name), own)?);
        }
    }
    Ok(found)
}

/// Whether entities of a type have numbers.
fn has_numbers(desk: &Desk<'_>, entity_type: &str) -> bool {
    desk.kinds.iter().any(|kind| kind.seals_numbers_of(entity_type))
}

fn row(
    desk: &mut Desk<'_>,
    numbers: &IdNumbers,
    (id, name): (EntityId, String),
    own: &[Standing],
) -> Result<Found, StoreError> {
    if !own.is_empty() {
        desk.saw([id]);
    }
    let known = desk.register.entity(id)?;
    let mut recorded = Vec::new();
    for one in own.iter().rev() {
        recorded.push(Recorded {
            masked: opened(desk, numbers, one)?.map(|number| number.masked()),
            worker: desk.worker(one.worker),
            made: desk.local.instant(one.made_ms).to_string(),
        });
    }
    Ok(Found {
        id,
        name,
        grid: known.grid.map(|grid| desk.grid(grid)).transpose()?,
        address: known.address,
        numbers: recorded,
    })
}

/// The number in an entry, if the key it was sealed with is here.
pub(super) fn opened(
    desk: &mut Desk<'_>,
    numbers: &IdNumbers,
    one: &Standing,
) -> Result<Option<CitizenId>, StoreError> {
    let entry = one.entry(desk.connection, desk.codec)?;
    let sealed = entry.as_ref().and_then(|entry| carried(desk.kinds, entry));
    Ok(sealed.and_then(|sealed| numbers.open(desk.code, sealed).ok()))
}

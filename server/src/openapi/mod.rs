//! The API as OpenAPI 3.1: what each handler says beside itself (`#[utoipa::path]`, and the codes in its
//! `# Errors`), and what the table of routes says for all of them: who gets in, how they show who they
//! are, and which refusals come with that. `schemas/openapi.json` is this, committed; a test holds
//! it against the table.

mod lines;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::ResponseError;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

pub use self::lines::{DocumentBody, DownBody, FileBody, Line, ListFile, PacketBody, SnapshotBody, UpBody};
pub use self::words::{CommunityCode, Day, Hash, Id, Instant, Labels, PublicKey, Quarter, Scalar, SetItem, Verdict};

use crate::auth::admit::Guard;
use crate::error::ApiError;
use crate::router::{Described, ROUTES, Route};

/// Where the routes are.
const PREFIX: &str = "/api/v1";
const PHONE: &str = "phone";
const DESK: &str = "desk";
const JSON: &str = "application/json";

/// The document, as it is served and committed.
///
/// # Panics
/// Never in a release whose tests passed: the document of the routes is an object with paths.
#[must_use]
pub fn document() -> Value {
    let mut described: Document = Described::openapi();
    described.info.title = "Menpai".to_owned();
    described.info.description = Some(
        "What phones and the desk ask a home. Words are in docs/glossary.md, the bodies of a sync in \
         docs/protocol.md."
            .to_owned(),
    );
    described.info.license = None;
    described.info.contact = None;
    let mut document = serde_json::to_value(described).unwrap_or_default();
    let paths: Map<String, Value> = (document["paths"].as_object())
        .map(|paths| {
            paths
                .iter()
                .map(|(path, item)| (format!("{PREFIX}{path}"), item.clone()))
        })
        .into_iter()
        .flatten()
        .collect();
    document["paths"] = Value::Object(paths);
    let mut refusals = Map::new();
    for route in ROUTES {
        let operation = &mut document["paths"][format!("{PREFIX}{}", route.path)][route.method];
        if operation.is_object() {
            complete(operation, route, &mut refusals);
        }
    }
    document["components"]["responses"] = Value::Object(refusals);
    document["components"]["securitySchemes"] = json!({
        PHONE: {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "The phone's signature over this request (docs/protocol.md section 10).",
        },
        DESK: {
            "type": "apiKey", "in": "cookie", "name": "__Host-menpai_desk",
            "description": "The cookie of a session at the desk; over plain http on the machine itself it is called \
                menpai_desk. Requests that change something must come from the desk's own page (Origin).",
        },
    });
    document["components"]["schemas"]["Error"] = error_schema();
    lines::add(&mut document["components"]["schemas"]);
    document
}

/// The document as the file under `schemas/` has it.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// Says of an operation what the table says; refusals that several have stand in one place.
fn complete(operation: &mut Value, route: &Route, refusals: &mut Map<String, Value>) {
    let written = operation["description"].as_str().unwrap_or_default().to_owned();
    let (about, errors) = written.split_once("# Errors").unwrap_or((&written, ""));
    let mut codes: Vec<&str> = errors.split('`').skip(1).step_by(2).collect();
    codes.extend(refusals_of(route.guard));
    if let Some(action) = route.guard.action()
        && action.asks_fresh_proof(route.method != "get")
    {
        codes.push("fresh_proof_needed");
    }
    if operation.get("requestBody").is_some() {
        codes.extend(["too_large", "busy"]);
    }
    let about = about.trim();
    let admits = admits(route.guard);
    operation["description"] = json!(if about.is_empty() {
        admits
    } else {
        format!("{about}\n\n{admits}")
    });
    operation["operationId"] = json!(operation_id(route));
    operation["tags"] = json!([if route.path.starts_with("/desk") { DESK } else { PHONE }]);
    operation["security"] = match route.guard {
        Guard::Anyone => json!([]),
        Guard::Device | Guard::AnyDevice => json!([{ PHONE: [] }]),
        Guard::SignedIn | Guard::May(_) | Guard::MaySomewhere(_) => json!([{ DESK: [] }]),
    };
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    if route.guard.action().is_some() {
        parameters.push(json!({
            "name": "community", "in": "query", "required": false,
            "description": "Which community it is about, for those with roles in several; else the account's own.",
            "schema": { "$ref": "#/components/schemas/CommunityCode" },
        }));
    }
    parameters.push(json!({
        "name": "Accept-Language", "in": "header", "required": false,
        "description": "In which language refusals are told: zh (by itself) or en.",
        "schema": { "type": "string" },
    }));
    operation["parameters"] = Value::Array(parameters);
    for (status, codes) in by_status(&codes) {
        let name = codes.join(".");
        operation["responses"][status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
        refusals.entry(name).or_insert_with(|| refusal(&codes));
    }
}

/// What anybody may be answered who comes to such a route.
fn refusals_of(guard: Guard) -> &'static [&'static str] {
    match guard {
        Guard::Anyone => &["unreadable_request", "too_many_requests", "internal"],
        Guard::AnyDevice => &[
            "not_signed_in",
            "clock_off",
            "request_repeated",
            "wrong_device",
            "unknown_community",
            "unreadable_request",
            "too_many_requests",
            "internal",
        ],
        Guard::Device => &[
            "not_signed_in",
            "clock_off",
            "request_repeated",
            "device_stopped",
            "unknown_community",
            "unreadable_request",
            "too_many_requests",
            "internal",
        ],
        Guard::SignedIn => &[
            "not_signed_in",
            "not_allowed",
            "unreadable_request",
            "too_many_requests",
            "internal",
        ],
        Guard::May(_) | Guard::MaySomewhere(_) => &[
            "not_signed_in",
            "not_allowed",
            "second_factor_missing",
            "unknown_community",
            "unreadable_request",
            "too_many_requests",
            "internal",
        ],
    }
}

/// Who gets in, in words.
fn admits(guard: Guard) -> String {
    match guard {
        Guard::Anyone => "For anybody.".to_owned(),
        Guard::Device => "For a registered phone that the office has not stopped. What it may have is decided part by \
                          part."
            .to_owned(),
        Guard::AnyDevice => {
            "For a registered phone, stopped or not. What it brings is decided entry by entry.".to_owned()
        }
        Guard::SignedIn => "For whoever is signed in at the desk, about their own session.".to_owned(),
        Guard::May(action) => format!(
            "For whoever may `{}` by the roles that they have now in the community.",
            action.name()
        ),
        Guard::MaySomewhere(action) => format!(
            "For whoever may `{}` by the roles that they have now in the community, or in a grid about whoever works \
             there and nowhere else.",
            action.name()
        ),
    }
}

fn operation_id(route: &Route) -> String {
    let path = route.path.replace(['{', '}'], "").replace(['/', '.'], "_");
    format!("{}{path}", route.method)
}

/// Codes by status, in alphabetical order; 0 has those that are none, which no test lets pass.
fn by_status<'a>(codes: &[&'a str]) -> BTreeMap<u16, Vec<&'a str>> {
    let known = ApiError::one_of_each();
    let mut statuses: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for code in codes {
        let error = known.iter().find(|error| error.code() == *code);
        let status = error.map_or(0, |error| error.status_code().as_u16());
        statuses.entry(status).or_default().insert(code);
    }
    statuses
        .into_iter()
        .map(|(status, codes)| (status, codes.into_iter().collect()))
        .collect()
}

fn refusal(codes: &[&str]) -> Value {
    let known = ApiError::one_of_each();
    let said: Vec<String> = codes
        .iter()
        .filter_map(|code| {
            let error = known.iter().find(|error| error.code() == *code)?;
            let [(zh, _), (en, _)] = error.sentences();
            Some(format!("`{code}` {en} {zh}").trim_end().to_owned())
        })
        .collect();
    let mut refusal = json!({
        "description": said.join("\n\n"),
        "content": { JSON: { "schema": {
            "allOf": [
                { "$ref": "#/components/schemas/Error" },
                { "properties": { "code": { "enum": codes } } },
            ],
        } } },
    });
    if codes.iter().any(|code| ["too_many_requests", "busy"].contains(code)) {
        refusal["headers"] = json!({ "Retry-After": {
            "description": "Seconds; nothing was done, and it is not to be asked before.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9]+$" },
        } });
    }
    refusal
}

fn error_schema() -> Value {
    let codes: Vec<&str> = ApiError::one_of_each().iter().map(ApiError::code).collect();
    json!({
        "type": "object",
        "description": "Why nothing was done, in words for people and a code for programs.",
        "required": ["code", "message", "next", "details"],
        "properties": {
            "code": { "type": "string", "enum": codes },
            "message": { "type": "string", "description": "What happened, in the language of Accept-Language." },
            "next": { "type": "string", "description": "What to do." },
            "details": { "type": "object", "description": "Facts; never a personal value." },
        },
    })
}

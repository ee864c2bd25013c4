//! The OpenAPI document says of every route of the table what it takes, answers and refuses, and nothing
//! of any other; what is committed is it; and what the server really answers is what it says.

use std::collections::BTreeSet;

use actix_web::ResponseError;
use jsonschema::Validator;
use menpai_server::auth::admit::Guard;
use menpai_server::error::ApiError;
use menpai_server::openapi::{self, Line};
use menpai_server::router::ROUTES;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::wire::inflate_members;
use serde_json::{Value, json};

use crate::desk_world::appoint;
use crate::desk_world::http::Served as Desk;
use crate::phones::grid;
use crate::served::{Served, body, header};

const COMMITTED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.json"));

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().cloned().collect();
        methods
            .into_iter()
            .map(|method| (method, path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

/// A validator of one part of the document, which may refer to the others.
fn validator(document: &Value, pointer: &str) -> Validator {
    let part = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    let schema = json!({ "components": document["components"], "allOf": [part] });
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:?}\n{value}");
}

#[test]
fn what_is_committed_is_what_the_routes_say() {
    assert!(
        openapi::text() == COMMITTED,
        "schemas/openapi.json is stale: make generate"
    );
}

#[test]
fn every_route_has_its_operation_and_no_other_has_one() {
    let document = openapi::document();
    assert_eq!(document["openapi"], "3.1.0");
    let of_table: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), format!("/api/v1{}", route.path)))
        .collect();
    assert_eq!(operations(&document), of_table);
    let mut ids = BTreeSet::new();
    for route in ROUTES {
        let operation = &document["paths"][format!("/api/v1{}", route.path)][route.method];
        let name = format!("{} {}", route.method, route.path);
        let said = |member: &str| operation[member].as_str().unwrap_or_default().trim().to_owned();
        assert!(
            !said("summary").is_empty() && !said("summary").starts_with('#'),
            "{name}"
        );
        assert!(!said("description").contains("# Errors"), "{name}");
        assert!(ids.insert(said("operationId")), "{name}");
        let scheme = match route.guard {
            Guard::Anyone => json!([]),
            Guard::Device | Guard::AnyDevice => json!([{"phone": []}]),
            Guard::SignedIn | Guard::May(_) | Guard::MaySomewhere(_) => json!([{"desk": []}]),
        };
        assert_eq!(operation["security"], scheme, "{name}");
        if let Some(action) = route.guard.action() {
            assert!(said("description").contains(&format!("`{}`", action.name())), "{name}");
            assert!(operation["responses"]["403"].is_object(), "{name}");
        }
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{name}");
        assert!(
            ["400", "429", "500"].iter().all(|status| answers.contains_key(*status)),
            "{name}"
        );
        assert!(!answers.contains_key("0"), "{name} names a code that there is not");
        assert_eq!(
            operation["requestBody"].is_object(),
            answers.contains_key("413") && answers.contains_key("503"),
            "{name}"
        );
        let in_path = route.path.matches('{').count();
        let parameters = operation["parameters"].as_array().unwrap();
        let path_parameters = parameters.iter().filter(|one| one["in"] == "path").count();
        assert_eq!(in_path, path_parameters, "{name}");
    }
}

#[test]
fn every_reference_leads_to_something() {
    fn follow(value: &Value, document: &Value) {
        if let Some(pointer) = value["$ref"].as_str() {
            let target = pointer.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            assert!(target.is_some(), "{pointer}");
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| follow(item, document)),
            Value::Object(members) => members.values().for_each(|member| follow(member, document)),
            _ => {}
        }
    }
    let document = openapi::document();
    follow(&document, &document);
}

#[test]
fn every_code_is_answered_somewhere_and_each_is_one() {
    let document = openapi::document();
    let all: Vec<ApiError> = ApiError::one_of_each();
    let codes: BTreeSet<&str> = all.iter().map(ApiError::code).collect();
    assert_eq!(codes.len(), all.len());
    let text = document["components"]["responses"].to_string();
    for error in &all {
        assert!(
            text.contains(&format!("\"{}\"", error.code())),
            "{} is nowhere",
            error.code()
        );
        assert!(error.status_code().is_client_error() || error.status_code().is_server_error());
    }
}

#[test]
fn a_real_round_trip_has_the_lines_that_the_document_says() {
    let document = openapi::document();
    let of = |line: Line| validator(&document, &format!("/components/schemas/{}", line.name()));
    let served = Served::new();
    let (mut one, signer) = served.sign_in("liu", 1);
    one.door_check(grid(1), EntityId::from_bytes([9; 16]));
    one.raw(b"unreadable");
    let up = body(&header(&one), &[one.slice_bytes(1, 2)]);
    let inflated = inflate_members(&up, 1 << 20).unwrap();
    let first = |member: &[u8]| -> Value {
        serde_json::from_slice(member.split(|byte| *byte == b'\n').next().unwrap()).unwrap()
    };
    assert_valid(&of(Line::UpHeader), &first(&inflated[0]), "up");
    assert_valid(&of(Line::SliceLine), &first(&inflated[1]), "slice");
    let answer = served.sync(&signer, &up);
    let lines: Vec<Value> = answer
        .lines()
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_valid(&of(Line::DownHeader), &lines[0], "down");
    assert_valid(&of(Line::ReceiptLine), &lines[1], "receipt");
    assert_valid(&of(Line::SignatureLine), &lines[2], "signature");
    let (mut two, signer) = served.sign_in("chen", 1);
    two.door_check(grid(1), EntityId::from_bytes([8; 16]));
    let mut asks = header(&two);
    asks["wants"] = json!(["digest", "courier_key"]);
    let answer = served.sync(&signer, &body(&asks, &[]));
    assert_valid(
        &of(Line::DownHeader),
        &answer.header(),
        "down, with all that one can ask",
    );
    let lines: Vec<Value> = answer
        .lines()
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let envelopes: Vec<&Value> = lines.iter().filter(|line| line["verdict"].is_string()).collect();
    assert!(!envelopes.is_empty());
    for envelope in envelopes {
        assert_valid(&of(Line::Envelope), envelope, "envelope");
    }
    assert!(!of(Line::Envelope).is_valid(&json!({"lsn": "1"})), "it can fail");
}

#[test]
fn what_the_desk_reads_is_what_the_document_says() {
    let document = openapi::document();
    let desk = Desk::new();
    let cookie = desk.sign_in();
    // Nobody has every right by one role.
    let secretary = desk.world.community().directory().granted().next().unwrap().worker;
    appoint(&desk.world.office, secretary, "何静", "street_staff");
    let mut asked = 0;
    for route in ROUTES
        .iter()
        .filter(|route| route.method == "get" && route.path.starts_with("/desk"))
    {
        let pointer = |status: &str| {
            let path = format!("/api/v1{}", route.path).replace('/', "~1");
            format!("/paths/{path}/get/responses/{status}/content/application~1json/schema")
        };
        if document.pointer(&pointer("200")).is_none() {
            // Files and events.
            continue;
        }
        let query = if route.path == "/desk/erasures" { "?name=x" } else { "" };
        let path = format!("/api/v1{}{query}", route.path);
        let answer = desk.send("GET", &path, &[("Cookie", cookie.as_str())], None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_valid(&validator(&document, &pointer("200")), &answer.json(), &path);
        let refused = desk.send("GET", &path, &[], None);
        assert_eq!(refused.status, 401, "{path}");
        let refusal = document.pointer(&pointer("401").replace("/content/application~1json/schema", "/$ref"));
        let refusal = refusal.unwrap().as_str().unwrap().trim_start_matches('#');
        let refusal = validator(&document, &format!("{refusal}/content/application~1json/schema"));
        assert_valid(&refusal, &refused.json(), &path);
        asked += 1;
    }
    assert!(asked >= 16, "{asked}");
}

#[test]
fn the_page_shows_the_document_and_asks_nobody_else() {
    let served = Served::new();
    let page = served.send("GET", "/api/", &[], b"");
    assert_eq!(page.status, 200);
    assert!(
        page.head("Content-Security-Policy")
            .contains("require-trusted-types-for 'script'")
    );
    let text = page.text() + &served.send("GET", "/api/page.js", &[], b"").text();
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    let document = served.send("GET", "/api/v1/openapi.json", &[], b"");
    assert_eq!((document.status, document.text().as_str()), (200, COMMITTED));
}

//! Every route of the table, asked by every role, in the own and in another community, with a
//! role that has ended, without a session and with the other kind of session, compared with a file
//! that people have read. A route without a row fails.
//! `MENPAI_WRITE_GOLDEN=1` writes the file anew; then read what changed.

use std::collections::BTreeMap;
use std::fmt::Write;

use actix_web::http::header::{COOKIE, HOST, ORIGIN};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web;
use menpai_server::auth::admit::Guard;
use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::auth::token::Token;
use menpai_server::clock;
use menpai_server::office::{Office, records, roles};
use menpai_server::rights::{Place, ROLES, rights_of};
use menpai_server::router::{ROUTES, Route, app};
use menpai_server::routes::static_files::WebFolder;
use menpai_server::store::node;
use menpai_sync_core::ids::WorkerId;
use menpai_sync_core::kinds::{Kinds, Shape};
use menpai_sync_core::time::Instant;
use serde_json::json;

use crate::desk_world::http::Served;
use crate::desk_world::{World, account};
use crate::phones::{CODE, HOUR_MS, Phone, grid};
use crate::support::authorise;

const OTHER: &str = "410102002006";
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/rights.tsv");

/// What a request meets at the door: what it finds behind it is another matter.
fn door(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "not signed in",
        StatusCode::FORBIDDEN => "no",
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => panic!("no such route"),
        status if status.is_server_error() => panic!("{status}"),
        _ => "yes",
    }
}

#[test]
fn the_table_has_every_role_that_the_office_can_give() {
    let kinds = Kinds::builtin().unwrap();
    let given: Vec<String> = kinds
        .iter()
        .filter_map(|kind| kind.field(kind.effects.grants.as_ref()?.role.as_str()))
        .flat_map(|field| match &field.shape {
            Shape::Choice { choices, .. } => choices.iter().map(|choice| choice.value.clone()).collect(),
            _ => Vec::new(),
        })
        .collect();
    let unknown: Vec<&String> = given.iter().filter(|role| !ROLES.contains(&role.as_str())).collect();
    assert!(!given.is_empty() && unknown.is_empty(), "{unknown:?}");
}

#[actix_web::test]
async fn every_route_lets_in_whom_the_reviewed_file_says_and_nobody_else() {
    let world = World::new();
    let other = Office::found(&world.home, OTHER.parse().unwrap()).unwrap();
    let app = init_service(app(world.home.clone(), web::Data::new(WebFolder::default()))).await;
    let call = async |request: TestRequest| {
        let from_here = request.peer_addr("127.0.0.1:9".parse().unwrap());
        call_service(&app, from_here.to_request()).await.status()
    };
    let mut table: BTreeMap<String, BTreeMap<String, &'static str>> = BTreeMap::new();
    for role in ROLES {
        let worker = account(&world.home, role, role, CODE);
        appoint(&world.office, worker, role, false);
        let cookie = session(&world, role);
        let ended = format!("{role}-ended");
        appoint(&world.office, account(&world.home, &ended, role, CODE), role, true);
        let ended_cookie = session(&world, &ended);
        for route in ROUTES.iter().filter(|route| route.guard.action().is_some()) {
            let row = table.entry(name(route)).or_default();
            row.insert(role.to_owned(), ask(&call, route, Some(&cookie), "").await);
            let elsewhere = ask(&call, route, Some(&cookie), OTHER).await;
            assert_eq!(elsewhere, "no", "{role} elsewhere: {}", name(route));
            let nowhere = ask(&call, route, Some(&cookie), "410102002999").await;
            assert_eq!(nowhere, "no", "{role} in a community that is not here: {}", name(route));
            let after = ask(&call, route, Some(&ended_cookie), "").await;
            assert_eq!(after, "no", "{role} that ended: {}", name(route));
        }
        // The same role in the other community opens that one, and no more of it.
        appoint(&other, worker, role, false);
        for route in ROUTES.iter().filter(|route| route.guard.action().is_some()) {
            let there = ask(&call, route, Some(&cookie), OTHER).await;
            assert_eq!(there, table[&name(route)][role], "{role} there: {}", name(route));
        }
    }
    for route in ROUTES {
        let nobody = ask(&call, route, None, "").await;
        let open = route.guard == Guard::Anyone;
        // Signing in with nothing in the body is no way in either.
        assert_eq!(nobody, if open { "yes" } else { "not signed in" }, "{}", name(route));
        if route.guard.action().is_none() {
            let guard = format!("{:?}", route.guard);
            table.entry(name(route)).or_default().insert(guard, "yes");
        }
    }
    let written = text(&table);
    if std::env::var("MENPAI_WRITE_GOLDEN").is_ok() {
        std::fs::write(GOLDEN, &written).unwrap();
    }
    let reviewed = std::fs::read_to_string(GOLDEN).unwrap();
    assert!(
        written == reviewed,
        "who gets in changed; if that is meant: MENPAI_WRITE_GOLDEN=1, and read the difference\n{written}"
    );
}

/// Every route of phones, asked by a phone that is known, one that the office stopped, one that it never
/// registered, and by somebody at the desk; and every route of the desk, asked by a phone.
#[actix_web::test]
async fn a_phone_opens_what_phones_open_and_a_stopped_one_only_brings() {
    let served = Served::new();
    let phone = served.phone("zhou", "周桂兰", 1);
    let stopped = served.phone("chen", "陈刚", 1);
    roles::stop_phone(&served.world.office, stopped.phone.device, "lost").unwrap();
    let unknown = Phone::new();
    let cookie = served.sign_in();
    for route in ROUTES {
        let path = format!("/api/v1{}", path(route));
        let method = route.method.to_uppercase();
        let asks = |signer: &PhoneSigner| {
            let content = (method == "POST").then_some(b"".as_slice());
            let signed = authorise(signer, &method, &path, content);
            served.send(&method, &path, &[("Authorization", &signed)], None).status
        };
        let [known, halted, never] =
            [&phone.phone, &stopped.phone, &unknown].map(|phone| asks(&phone.request_signer()));
        match route.guard {
            Guard::Anyone => {}
            Guard::Device | Guard::AnyDevice => {
                assert!(![401, 403].contains(&known), "{path} {known}");
                let may_bring = route.guard == Guard::AnyDevice;
                assert_eq!(![401, 403].contains(&halted), may_bring, "{path} {halted}");
                assert_eq!(never, 401, "{path}");
                let with_cookie = served.send(&method, &path, &[("Cookie", cookie.as_str())], None);
                assert_eq!(with_cookie.status, 401, "{path}");
            }
            Guard::SignedIn | Guard::May(_) | Guard::MaySomewhere(_) => {
                assert_eq!([known, halted, never], [401; 3], "{path}");
            }
        }
    }
}

/// Gives a role, in a grid if that is where it works; one that ended a moment ago.
fn appoint(office: &Office, worker: WorkerId, role: &str, ended: bool) {
    let now_ms = clock::now_ms();
    let at = |unix_ms| Instant {
        unix_ms,
        offset_minutes: 480,
    };
    let in_grid = rights_of(role).is_some_and(|rights| rights.place == Place::Grid);
    let mut body = records::assignment(worker, role, role, in_grid.then(|| grid(1)), at(now_ms - 24 * HOUR_MS));
    if ended {
        body.insert("until".to_owned(), json!(at(now_ms - 1)));
        body.insert("end_reason".to_owned(), json!("ordinary"));
    }
    office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
}

/// A session at the desk, whoever it is: signing in would refuse those who have none there.
pub(crate) fn session(world: &World, account: &str) -> String {
    let token = Token::new_random();
    let (hash, now_ms) = (token.hash(), clock::now_ms());
    let until_ms = now_ms + HOUR_MS;
    world
        .home
        .node_store()
        .write(|transaction| node::insert_session(transaction, &hash, account, now_ms, until_ms))
        .unwrap();
    format!("menpai_desk={}", token.to_text())
}

/// As the desk's own page asks, with nothing useful in the request: whoever gets in is told what is
/// wrong with it.
async fn ask(
    call: &impl AsyncFn(TestRequest) -> StatusCode,
    route: &Route,
    cookie: Option<&str>,
    community: &str,
) -> &'static str {
    let about = if community.is_empty() {
        String::new()
    } else {
        format!("?community={community}")
    };
    let method = Method::from_bytes(route.method.to_uppercase().as_bytes()).unwrap();
    let mut request = TestRequest::default()
        .method(method)
        .uri(&format!("/api/v1{}{about}", path(route)))
        .insert_header((HOST, "127.0.0.1:8080"))
        .insert_header((ORIGIN, "http://127.0.0.1:8080"));
    if let Some(cookie) = cookie {
        request = request.insert_header((COOKIE, cookie.to_owned()));
    }
    door(call(request).await)
}

/// Its address, with a name in it where it takes one.
fn path(route: &Route) -> String {
    route.path.replace("{id}", "0")
}

fn name(route: &Route) -> String {
    format!("{:<6} {}", route.method.to_uppercase(), route.path)
}

/// One line for a route: who gets in.
fn text(table: &BTreeMap<String, BTreeMap<String, &'static str>>) -> String {
    let mut text = String::from("# Who gets in, in the community in which they have the role; nobody else does.\n");
    for (route, row) in table {
        let who: Vec<&str> = row
            .iter()
            .filter(|(_, door)| **door == "yes")
            .map(|(role, _)| role.as_str())
            .collect();
        writeln!(text, "{route}\t{}", who.join(" ")).unwrap();
    }
    text
}

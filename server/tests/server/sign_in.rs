//! Signing in at both doors, and how the API says no.

use crate::support::{CODE, PASSWORD, authorise, code, enrol, home};
use actix_web::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, HOST, ORIGIN, SET_COOKIE};
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web;
use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::router::app;
use menpai_server::routes::static_files::WebFolder;
use menpai_server::store::node;
use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::signature::Signer;
use serde_json::{Value, json};

const DEVICE: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

/// One request against a fresh app: status, cookie, body.
async fn ask(home: &web::Data<Home>, request: TestRequest) -> (u16, Option<String>, Value) {
    let app = init_service(app(home.clone(), web::Data::new(WebFolder::default()))).await;
    let answer = call_service(&app, request.to_request()).await;
    let status = answer.status().as_u16();
    let cookie = answer
        .headers()
        .get(SET_COOKIE)
        .map(|value| value.to_str().unwrap().to_owned());
    let body = if status == 204 {
        Value::Null
    } else {
        read_body_json(answer).await
    };
    (status, cookie, body)
}

/// A phone with this key, enrolled: what it is told.
async fn enrolled(home: &web::Data<Home>, account: &str, key: u8) -> Value {
    let key = Signer::from_bytes(&[key; 32]).unwrap();
    let tell = async |step: &'static str, body: Value| {
        let path = format!("/api/v1/enrolments/{step}");
        let (status, _, body) = ask(home, TestRequest::post().uri(&path).set_json(body)).await;
        (status, body)
    };
    enrol(home, account, DEVICE.parse().unwrap(), &key, tell).await
}

fn desk(account: &str, password: &str) -> TestRequest {
    TestRequest::post()
        .uri("/api/v1/desk/sessions")
        .insert_header((HOST, "127.0.0.1:8080"))
        .insert_header((ORIGIN, "http://127.0.0.1:8080"))
        .set_json(json!({ "account": account, "password": password }))
}

#[actix_web::test]
async fn a_phone_is_enrolled_and_its_key_is_in_the_log() {
    let (_folder, home) = home();
    let body = enrolled(&home, "liu", 7).await;
    assert_eq!(body["community"], json!({ "code": CODE, "name": "协作路社区" }));
    assert_eq!(body["device"]["id"], DEVICE);
    assert_eq!(body["home"]["public_key"], json!(home.receipt_key.public_key()));
    assert_eq!(body["worker"]["name"], "刘敏");

    let community = home.communities.get(code()).unwrap().unwrap();
    let known = community
        .directory()
        .device(DEVICE.parse::<DeviceId>().unwrap())
        .cloned()
        .unwrap();
    assert_eq!(known.public_key, Signer::from_bytes(&[7; 32]).unwrap().public_key());
    assert_eq!(known.facts.worker.to_string(), body["worker"]["id"].as_str().unwrap());
    assert!(!known.facts.office);
    assert_eq!(body["home"]["log"], json!(community.identity().log));

    // Again with the same key: the same device.
    let again = enrolled(&home, "liu", 7).await;
    assert_eq!(again["device"], body["device"]);
    assert!(again.get("token").is_none(), "there is none to steal");
}

#[actix_web::test]
async fn wrong_account_and_wrong_password_are_one_answer() {
    let (_folder, home) = home();
    let (status, _, wrong_password) = ask(&home, desk("he", "guess")).await;
    let (_, _, wrong_account) = ask(&home, desk("nobody", PASSWORD)).await;
    assert_eq!(status, 401);
    assert_eq!(wrong_password, wrong_account);
    assert_eq!(wrong_password["code"], "wrong_credentials");
}

#[actix_web::test]
async fn a_restored_phone_becomes_another_device_as_often_as_it_asks() {
    let (_folder, home) = home();
    enrolled(&home, "liu", 7).await;
    let next = "0f0e0d0c-0b0a-4908-8706-050403020199";
    let asks = |by: u8, key: u8| {
        let path = "/api/v1/devices/successor";
        let signer = PhoneSigner {
            device: DEVICE.parse().unwrap(),
            community: code(),
            key: Signer::from_bytes(&[by; 32]).unwrap(),
        };
        let public_key = Signer::from_bytes(&[key; 32]).unwrap().public_key();
        let body = json!({ "id": next, "public_key": public_key, "name": "红米 9A" }).to_string();
        let signed = authorise(&signer, "POST", path, Some(body.as_bytes()));
        TestRequest::post()
            .uri(path)
            .insert_header((AUTHORIZATION, signed))
            .set_payload(body)
    };
    // The answer was lost: the same again.
    for _ in 0..2 {
        let (status, _, given) = ask(&home, asks(7, 8)).await;
        assert_eq!((status, &given["device"]["id"]), (200, &json!(next)), "{given}");
    }
    let (status, _, body) = ask(&home, asks(7, 9)).await;
    assert_eq!((status, &body["code"]), (409, &json!("device_key_differs")));

    let community = home.communities.get(code()).unwrap().unwrap();
    let directory = community.directory();
    let [before, after] = [DEVICE, next].map(|id| directory.device(id.parse().unwrap()).cloned().unwrap());
    assert_eq!(after.facts.worker, before.facts.worker);
    assert_ne!(after.public_key, before.public_key);
    let replaces: Vec<String> = community
        .query(|connection| {
            let mut statement =
                connection.prepare("SELECT lower(hex(replaces)) FROM record_device WHERE replaces IS NOT NULL")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .unwrap();
    assert_eq!(
        replaces,
        [DEVICE.replace('-', "")],
        "one record, and it says whose place it takes"
    );
    assert_eq!(ask(&home, asks(9, 8)).await.0, 401);
}

#[actix_web::test]
async fn guessing_is_slowed() {
    let (_folder, home) = home();
    let mut last = (0, None, Value::Null);
    for _ in 0..11 {
        last = ask(&home, desk("liu", "guess")).await;
    }
    assert_eq!((last.0, &last.2["code"]), (429, &json!("too_many_requests")));
    assert!(last.2["details"]["retry_after_seconds"].as_u64().unwrap() > 0);
}

#[actix_web::test]
async fn the_desk_gets_a_cookie_that_scripts_cannot_read() {
    let (_folder, home) = home();
    let (status, cookie, body) = ask(&home, desk("he", PASSWORD)).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["may"].as_array().unwrap().contains(&json!("erase")), "{body}");
    let cookie = cookie.unwrap();
    for flag in [
        "menpai_desk=",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/",
        "; Max-Age=",
    ] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http on loopback: {cookie}");

    let sent = cookie.split(';').next().unwrap().to_owned();
    let current = "/api/v1/desk/sessions/current";
    let (status, _, body) = ask(
        &home,
        TestRequest::get().uri(current).insert_header((COOKIE, sent.clone())),
    )
    .await;
    assert_eq!((status, &body["account"]), (200, &json!("he")));
    // The end of it must come from the page itself.
    let end = || TestRequest::delete().uri(current).insert_header((COOKIE, sent.clone()));
    assert_eq!(ask(&home, end()).await.0, 403);
    let from_page = |request: TestRequest| {
        request
            .insert_header((HOST, "127.0.0.1:8080"))
            .insert_header((ORIGIN, "http://127.0.0.1:8080"))
    };
    assert_eq!(ask(&home, from_page(end())).await.0, 204);
    assert_eq!(
        ask(
            &home,
            TestRequest::get().uri(current).insert_header((COOKIE, sent.clone()))
        )
        .await
        .0,
        401
    );
}

#[actix_web::test]
async fn the_desk_opens_for_those_who_have_one_and_from_its_own_page() {
    let (_folder, home) = home();
    assert_eq!(ask(&home, desk("liu", PASSWORD)).await.0, 403, "a worker has no desk");
    let elsewhere = desk("he", PASSWORD).insert_header((ORIGIN, "https://elsewhere.example"));
    assert_eq!(ask(&home, elsewhere).await.0, 403);
}

#[actix_web::test]
async fn refusals_are_sentences_in_the_clients_language() {
    let (_folder, home) = home();
    let nowhere = || TestRequest::get().uri("/api/v1/nowhere");
    let (status, _, zh) = ask(&home, nowhere()).await;
    let (_, _, en) = ask(&home, nowhere().insert_header((ACCEPT_LANGUAGE, "en-GB,en;q=0.9"))).await;
    assert_eq!(
        (status, &zh["code"], &en["code"]),
        (404, &json!("not_found"), &json!("not_found"))
    );
    assert_eq!(zh["message"], "没有找到所请求的内容。");
    assert_eq!(en["message"], "Nothing was found at this address.");
    assert!(zh["next"].is_string() && zh["details"].is_object());

    let (status, _, body) = ask(&home, TestRequest::post().uri("/api/v1/sync")).await;
    assert_eq!((status, &body["code"]), (401, &json!("not_signed_in")));
    let (status, _, body) = ask(&home, TestRequest::put().uri("/api/v1/enrolments/begin")).await;
    assert_eq!((status, &body["code"]), (404, &json!("not_found")));
    let garbage = TestRequest::post()
        .uri("/api/v1/enrolments/look")
        .set_payload("{")
        .insert_header(("content-type", "application/json"));
    let (status, _, body) = ask(&home, garbage).await;
    assert_eq!((status, &body["code"]), (400, &json!("unreadable_request")));
    let large = TestRequest::post()
        .uri("/api/v1/enrolments/look")
        .set_json(json!({ "code": "x".repeat(70_000) }));
    let (status, _, body) = ask(&home, large).await;
    assert_eq!((status, &body["code"]), (413, &json!("too_large")));
}

#[actix_web::test]
async fn a_desk_that_was_idle_has_ended_and_stays_so() {
    let (_folder, home) = home();
    let (_, cookie, _) = ask(&home, desk("he", PASSWORD)).await;
    let sent = cookie.unwrap().split(';').next().unwrap().to_owned();
    let current = || {
        TestRequest::get()
            .uri("/api/v1/desk/sessions/current")
            .insert_header((COOKIE, sent.clone()))
    };
    let last_used = |ago_ms: i64| {
        let at = clock::now_ms() - ago_ms;
        let set = "UPDATE session SET last_used_ms = ?1";
        home.node_store()
            .write(|transaction| transaction.execute(set, [at]))
            .unwrap();
    };
    last_used(node::DESK_IDLE_MS - 60_000);
    assert_eq!(ask(&home, current()).await.0, 200, "idle, not long enough");
    last_used(node::DESK_IDLE_MS + 1);
    assert_eq!(ask(&home, current()).await.0, 401);
    assert_eq!(ask(&home, current()).await.0, 401, "asking does not wake it");
}

#[actix_web::test]
async fn whoever_is_signed_in_sees_where_and_ends_it() {
    let (_folder, home) = home();
    let (_, here, _) = ask(&home, desk("he", PASSWORD)).await;
    ask(&home, desk("he", PASSWORD)).await;
    let here = here.unwrap().split(';').next().unwrap().to_owned();
    let from_page = |request: TestRequest| {
        request
            .insert_header((COOKIE, here.clone()))
            .insert_header((HOST, "127.0.0.1:8080"))
            .insert_header((ORIGIN, "http://127.0.0.1:8080"))
    };
    let list = || from_page(TestRequest::get().uri("/api/v1/desk/sessions"));
    let listed = ask(&home, list()).await.2["sessions"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2, "their own, nobody else's: {listed:?}");
    assert_eq!(listed.iter().filter(|one| one["current"] == true).count(), 1);
    let end = |id: &str| from_page(TestRequest::delete().uri(&format!("/api/v1/desk/sessions/{id}")));
    let other = listed.iter().find(|one| one["current"] == false).unwrap();
    let id = other["id"].as_str().unwrap();
    assert_eq!(ask(&home, end(id)).await.0, 204);
    assert_eq!(ask(&home, end(id)).await.0, 404);
    assert_eq!(ask(&home, end("00")).await.0, 404);
    assert_eq!(ask(&home, list()).await.2["sessions"].as_array().unwrap().len(), 1);
}

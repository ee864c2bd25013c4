//! What an account has beside its password: demanded of who may manage staff, asked for at each
//! sign-in, taken once, sealed on disk, asked for again before what cannot be undone, reset at the
//! server only; and guessing that locks nobody else out.

use actix_web::web;
use menpai_server::auth::one_time_code::Secret;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::{Office, staff};
use menpai_server::store::community::audit;
use serde_json::json;
use tempfile::TempDir;

use crate::desk_browser::{Browser, code_of};
use crate::desk_world::{self, account, appoint, appoint_in};
use crate::phones::grid;
use crate::support::{CODE, PASSWORD, code, home};

#[actix_web::test]
async fn who_lets_phones_in_is_asked_for_more_than_a_password() {
    let (_folder, home) = office();
    let office = Office::of_home(&home, code()).unwrap();
    let worker = account(&home, "chief", "郑凯", CODE);
    appoint_in(&office, worker, "郑凯", "grid_chief", Some(grid(1)));
    let sql = "UPDATE account SET demo = ?1";
    set(&home, sql, 0);
    let mut desk = Browser::new(&home, "192.0.2.1");
    let (status, body) = desk.sign_in("chief", desk_world::PASSWORD, None).await;
    assert_eq!((status, &body["second_factor_missing"]), (200, &json!(true)));
    assert_eq!(code_of(&desk.get("staff").await), (403, "second_factor_missing"));
    set_up(&mut desk).await;
    assert_eq!(desk.get("staff").await.0, 200);
}

/// Sets up an authenticator app; its secret and the recovery codes.
async fn set_up(desk: &mut Browser<'_>) -> (Secret, Vec<String>) {
    set_up_in(desk, now_step()).await
}

/// The same, with the code of a step.
async fn set_up_in(desk: &mut Browser<'_>, step: i64) -> (Secret, Vec<String>) {
    let (status, begun) = desk.post("sign-in/code/begin", json!({})).await;
    assert_eq!(status, 200, "{begun}");
    let secret = from_base32(begun["secret"].as_str().unwrap());
    assert_eq!(
        begun["uri"].as_str().unwrap().split("secret=").nth(1).unwrap()[..32],
        *begun["secret"].as_str().unwrap()
    );
    let finish = |code: String| json!({ "ceremony": begun["ceremony"], "code": code });
    let (status, wrong) = desk.post("sign-in/code", finish(other_than(&secret))).await;
    assert_eq!(
        (status, &wrong["code"]),
        (401, &json!("wrong_code")),
        "a mistyped code sets nothing up"
    );
    let (status, added) = desk.post("sign-in/code", finish(secret.code(step))).await;
    assert_eq!(status, 200, "{added}");
    let codes = added["recovery_codes"].as_array().unwrap();
    (
        secret,
        codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect(),
    )
}

fn now_step() -> i64 {
    clock::now_ms() / 30_000
}

/// A code that is none of now's.
fn other_than(secret: &Secret) -> String {
    let now = now_step();
    let of_now: Vec<String> = (now - 2..=now + 2).map(|step| secret.code(step)).collect();
    let mut others = (0..10).map(|digit| format!("00000{digit}"));
    others.find(|code| !of_now.contains(code)).unwrap()
}

fn from_base32(text: &str) -> Secret {
    let bits: String = text
        .bytes()
        .map(|letter| {
            let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(char::from(letter)).unwrap();
            format!("{value:05b}")
        })
        .collect();
    let bytes: Vec<u8> = (0..20)
        .map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).unwrap())
        .collect();
    Secret::new(bytes.try_into().unwrap())
}

/// Account `he` is a secretary of whom a second factor is demanded.
fn office() -> (TempDir, web::Data<Home>) {
    let (folder, home) = home();
    home.node_store()
        .write(|transaction| transaction.execute("UPDATE account SET demo = 0", []))
        .unwrap();
    (folder, home)
}

fn set(home: &Home, sql: &str, value: i64) {
    home.node_store()
        .write(|transaction| transaction.execute(sql, [value]))
        .unwrap();
}

#[actix_web::test]
async fn who_may_manage_staff_sets_up_a_second_factor_before_anything_else() {
    let (_folder, home) = office();
    let mut desk = Browser::new(&home, "192.0.2.1");
    let (status, body) = desk.sign_in("he", PASSWORD, None).await;
    assert_eq!(
        (status, &body["may"], &body["second_factor_missing"]),
        (200, &json!([]), &json!(true))
    );
    for path in ["overview", "records", "staff"] {
        assert_eq!(code_of(&desk.get(path).await), (403, "second_factor_missing"), "{path}");
    }
    let (_, mine) = desk.get("sign-in").await;
    assert_eq!(
        (&mine["demanded"], &mine["passkeys_here"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        code_of(&desk.post("sign-in/passkeys/begin", json!({})).await),
        (422, "passkeys_need_name")
    );

    let mut elsewhere = Browser::new(&home, "192.0.2.2");
    elsewhere.sign_in("he", PASSWORD, None).await;
    let (_, codes) = set_up(&mut desk).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(desk.get("overview").await.0, 200);
    let (_, current) = desk.get("sessions/current").await;
    assert!(
        current["may"].as_array().unwrap().contains(&json!("erase")),
        "{current}"
    );
    assert_eq!(
        elsewhere.get("sign-in").await.0,
        401,
        "what began with the password alone ends"
    );
    // It is the last one of somebody who has to have one.
    let removed = desk.send("DELETE", "sign-in/code", None).await;
    assert_eq!(code_of(&removed), (409, "last_second_factor"));
}

#[actix_web::test]
async fn a_code_is_asked_for_and_taken_once() {
    let (_folder, home) = office();
    let mut desk = Browser::new(&home, "192.0.2.1");
    desk.sign_in("he", PASSWORD, None).await;
    let step = now_step();
    let (secret, recovery) = set_up_in(&mut desk, step).await;

    let mut new = Browser::new(&home, "192.0.2.2");
    assert_eq!(
        code_of(&new.sign_in("he", PASSWORD, None).await),
        (401, "second_factor_needed")
    );
    assert_eq!(
        code_of(&new.sign_in("he", "guess", Some("000000")).await),
        (401, "wrong_credentials")
    );
    let wrong = other_than(&secret);
    assert_eq!(
        code_of(&new.sign_in("he", PASSWORD, Some(&wrong)).await),
        (401, "wrong_code")
    );
    let used = secret.code(step);
    assert_eq!(
        code_of(&new.sign_in("he", PASSWORD, Some(&used)).await),
        (401, "wrong_code"),
        "set up with it"
    );
    let next = secret.code(step + 1);
    let (status, body) = new.sign_in("he", PASSWORD, Some(&next)).await;
    assert_eq!((status, &body["second_factor_missing"]), (200, &json!(false)));
    assert_eq!(
        code_of(&new.sign_in("he", PASSWORD, Some(&next)).await),
        (401, "wrong_code"),
        "used"
    );

    let [one, other] = [&recovery[0], &recovery[1]];
    assert_eq!(new.sign_in("he", PASSWORD, Some(&one.to_uppercase())).await.0, 200);
    assert_eq!(
        code_of(&new.sign_in("he", PASSWORD, Some(one)).await),
        (401, "wrong_code"),
        "used"
    );
    assert_eq!(new.get("sign-in").await.1["recovery_codes"], 9);
    // New ones put the old ones out of use.
    let (status, made) = new.post("sign-in/recovery-codes", json!({})).await;
    assert_eq!((status, made["recovery_codes"].as_array().unwrap().len()), (200, 10));
    assert_eq!(
        code_of(&new.sign_in("he", PASSWORD, Some(other)).await),
        (401, "wrong_code")
    );
}

#[actix_web::test]
async fn neither_secret_nor_recovery_codes_are_in_the_file() {
    let (folder, home) = office();
    let mut desk = Browser::new(&home, "192.0.2.1");
    desk.sign_in("he", PASSWORD, None).await;
    let (secret, recovery) = set_up(&mut desk).await;
    let mut bytes = Vec::new();
    for name in ["node.sqlite", "node.sqlite-wal"] {
        bytes.extend(std::fs::read(folder.path().join("data").join(name)).unwrap_or_default());
    }
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(has(b"one_time_code"), "it is the right file");
    assert!(!has(secret.as_bytes()) && !has(secret.to_base32().as_bytes()));
    for code in recovery {
        assert!(!has(code.as_bytes()) && !has(code.replace('-', "").as_bytes()));
    }
}

#[actix_web::test]
async fn what_cannot_be_undone_asks_for_a_fresh_proof() {
    let (_folder, home) = office();
    let mut desk = Browser::new(&home, "192.0.2.1");
    desk.sign_in("he", PASSWORD, None).await;
    let (secret, _) = set_up(&mut desk).await;
    let export = "export/records?format=csv";
    assert_eq!(desk.get(export).await.0, 200, "a moment ago");
    let stale = clock::now_ms() - 10 * 60_000;
    set(&home, "UPDATE session SET proved_ms = ?1", stale);
    for (method, path) in [
        ("GET", export),
        ("POST", "erasures"),
        ("POST", "staff/roles"),
        ("POST", "sign-in/code/begin"),
        ("DELETE", "sign-in/code"),
        ("POST", "sign-in/recovery-codes"),
    ] {
        let answer = desk.send(method, path, (method == "POST").then(|| json!({}))).await;
        assert_eq!(code_of(&answer), (403, "fresh_proof_needed"), "{method} {path}");
    }
    for path in ["staff", "records", "overview"] {
        assert_eq!(desk.get(path).await.0, 200, "to look asks nothing: {path}");
    }
    let proof = |body| json!(body);
    let password = desk.post("sign-in/proof", proof(json!({ "password": PASSWORD }))).await;
    assert_eq!(code_of(&password), (401, "second_factor_needed"));
    let wrong = desk
        .post("sign-in/proof", proof(json!({ "code": other_than(&secret) })))
        .await;
    assert_eq!(code_of(&wrong), (401, "wrong_code"));
    let code = secret.code(now_step() + 1);
    assert_eq!(desk.post("sign-in/proof", proof(json!({ "code": code }))).await.0, 204);
    assert_eq!(desk.get(export).await.0, 200);
    // A clock that was set back makes nothing fresh.
    set(&home, "UPDATE session SET proved_ms = ?1", clock::now_ms() + 60_000);
    assert_eq!(desk.get(export).await.0, 403);
}

#[actix_web::test]
async fn who_has_no_second_factor_is_not_asked_for_one_but_for_the_password_before_setting_one_up() {
    let (_folder, home) = office();
    let office = Office::of_home(&home, code()).unwrap();
    appoint(
        &office,
        account(&home, "staff", "方正", CODE),
        "方正",
        "community_staff",
    );
    let mut desk = Browser::new(&home, "192.0.2.1");
    let password = desk_world::PASSWORD;
    let (status, body) = desk.sign_in("staff", password, None).await;
    assert_eq!((status, &body["second_factor_missing"]), (200, &json!(false)));
    set(&home, "UPDATE session SET proved_ms = ?1", 0);
    assert_eq!(desk.get("export/records?format=csv").await.0, 200);
    assert_eq!(
        code_of(&desk.post("sign-in/code/begin", json!({})).await),
        (403, "fresh_proof_needed")
    );
    let wrong = desk.post("sign-in/proof", json!({ "password": "guess" })).await;
    assert_eq!(code_of(&wrong), (401, "wrong_credentials"));
    assert_eq!(desk.post("sign-in/proof", json!({ "password": password })).await.0, 204);
    set_up(&mut desk).await;
    // Theirs to remove: no role demands it. The recovery codes go with it.
    assert_eq!(desk.send("DELETE", "sign-in/code", None).await.0, 204);
    assert_eq!(desk.get("sign-in").await.1["recovery_codes"], 0);
    assert_eq!(desk.sign_in("staff", password, None).await.0, 200);
}

#[actix_web::test]
async fn only_the_server_resets_it_and_the_audit_log_says_so() {
    let (_folder, home) = office();
    let mut desk = Browser::new(&home, "192.0.2.1");
    desk.sign_in("he", PASSWORD, None).await;
    set_up(&mut desk).await;
    staff::reset_second_factor(&home, "he").unwrap();
    assert!(staff::reset_second_factor(&home, "nobody").is_err());
    assert_eq!(desk.get("sign-in").await.0, 401, "its sessions end");
    let (status, body) = desk.sign_in("he", PASSWORD, None).await;
    assert_eq!((status, &body["second_factor_missing"]), (200, &json!(true)));
    let worker = body["worker"]["id"].as_str().unwrap().to_owned();
    let community = home.communities.get(code()).unwrap().unwrap();
    let lines = community.query(|connection| audit::newest(connection, 9)).unwrap();
    let said: Vec<(&str, Option<&str>)> = lines
        .iter()
        .map(|line| (line.action.as_str(), line.place.as_deref()))
        .collect();
    let place = format!("worker:{worker}");
    assert_eq!(
        said,
        [("reset_second_factor", Some(place.as_str())), ("set_up_code", None)]
    );
}

#[actix_web::test]
async fn a_session_ends_after_its_day_however_much_it_is_used() {
    let (_folder, home) = home();
    let mut desk = Browser::new(&home, "192.0.2.1");
    desk.sign_in("he", PASSWORD, None).await;
    assert_eq!(desk.get("overview").await.0, 200);
    let now_ms = clock::now_ms();
    set(&home, "UPDATE session SET last_used_ms = ?1", now_ms);
    set(&home, "UPDATE session SET expires_ms = ?1", now_ms + 3_600_000);
    assert_eq!(desk.get("overview").await.0, 200);
    set(&home, "UPDATE session SET expires_ms = ?1", now_ms);
    assert_eq!(desk.get("overview").await.0, 401);
}

#[actix_web::test]
async fn guessing_locks_nobody_out_and_is_slowed() {
    let (_folder, home) = home();
    let mut own = Browser::new(&home, "192.0.2.1");
    assert_eq!(own.sign_in("he", PASSWORD, None).await.0, 200);
    // Somebody behind the same address, and others elsewhere.
    let mut refused = 0;
    for address in ["192.0.2.1", "192.0.2.7", "192.0.2.8", "192.0.2.9"] {
        let mut guesser = Browser::new(&home, address);
        for _ in 0..8 {
            refused += u32::from(guesser.sign_in("he", "guess", None).await.0 == 429);
        }
    }
    assert!(refused >= 8, "{refused}");
    let mut at_the_address = Browser::new(&home, "192.0.2.1");
    assert_eq!(
        at_the_address.sign_in("he", PASSWORD, None).await.0,
        429,
        "even the right one, unknown"
    );
    assert_eq!(
        own.sign_in("he", PASSWORD, None).await.0,
        200,
        "in a browser that is known"
    );
    let mut new = Browser::new(&home, "192.0.2.77");
    assert_eq!(
        new.sign_in("he", PASSWORD, None).await.0,
        200,
        "at a place that has not guessed"
    );
    // The cookie of somebody else's sign-in opens no door for guesses at this account.
    let mut other = Browser::new(&home, "192.0.2.7");
    other.cookies.clone_from(&own.cookies);
    home.node_store()
        .write(|transaction| transaction.execute("UPDATE known_browser SET account = 'chen'", []))
        .unwrap();
    assert_eq!(other.sign_in("he", PASSWORD, None).await.0, 429);
}

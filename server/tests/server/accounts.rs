//! Accounts that the desk opens: the password that the office gave lets its holder set an own one, once and for some
//! days, and nothing else; and everybody may change their own.

use menpai_server::clock;
use menpai_server::office::{Office, roles};
use menpai_sync_core::ids::WorkerId;
use serde_json::{Value, json};

use crate::desk_world::http::Served;
use crate::desk_world::{PASSWORD, account, appoint};
use crate::phones::CODE;

const OTHER: &str = "410102002006";
const OWN: &str = "一只猫坐在门口的台阶上";

fn post(served: &Served, cookie: &str, path: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/v1/desk/{path}");
    let answer = served.send("POST", &path, &[("Cookie", cookie)], Some(body));
    let said = if answer.status == 204 {
        Value::Null
    } else {
        answer.json()
    };
    (answer.status, said)
}

fn code_of((status, said): (u16, Value)) -> (u16, String) {
    (status, said["code"].as_str().unwrap_or_default().to_owned())
}

fn sign_in(served: &Served, account: &str, password: &str, new: Option<&str>) -> (u16, Value) {
    let body = json!({"account": account, "password": password, "new_password": new});
    post(served, "", "sessions", &body)
}

/// Somebody with a role and no account.
fn named(served: &Served, cookie: &str) -> Value {
    let body = json!({"name": "方正", "role": "auditor"});
    assert_eq!(post(served, cookie, "staff/roles", &body).0, 204);
    let staff = served.read("staff", cookie);
    let people = staff["people"].as_array().unwrap();
    people.iter().find(|one| one["name"] == "方正").unwrap().clone()
}

#[test]
fn a_password_of_the_office_serves_once_to_set_an_own_one() {
    let served = Served::new();
    let desk = served.sign_in();
    let person = named(&served, &desk);
    assert_eq!(person["account"], Value::Null);
    let open = |name: Value| {
        post(
            &served,
            &desk,
            "staff/accounts",
            &json!({"worker": person["id"], "account": name}),
        )
    };
    for taken in [json!("secretary"), json!("no name"), json!(""), Value::Null] {
        assert_eq!(code_of(open(taken)), (400, "unreadable_request".to_owned()));
    }
    let (status, opened) = open(json!("fang"));
    assert_eq!((status, &opened["account"]), (200, &json!("fang")), "{opened}");
    let first = opened["password"].as_str().unwrap();
    assert_eq!(
        served.read("staff", &desk)["people"]
            .to_string()
            .matches("\"fang\"")
            .count(),
        1
    );

    let asked = sign_in(&served, "fang", first, None);
    assert_eq!(code_of(asked), (401, "new_password_needed".to_owned()));
    assert_eq!(
        code_of(sign_in(&served, "fang", "k7mw-p3qt-0000", Some(OWN))),
        (401, "wrong_credentials".to_owned())
    );
    for weak in ["", "short", "aaaaaaaaaaaa", "fang-fang-1", first] {
        assert_eq!(
            code_of(sign_in(&served, "fang", first, Some(weak))),
            (422, "weak_password".to_owned()),
            "{weak}"
        );
    }
    let (status, said) = sign_in(&served, "fang", first, Some(OWN));
    assert_eq!((status, &said["worker"]["id"]), (200, &person["id"]), "{said}");
    assert_eq!(
        code_of(sign_in(&served, "fang", first, Some("another good password"))).0,
        401,
        "it has served"
    );
    assert_eq!(sign_in(&served, "fang", OWN, None).0, 200);
    // What comes along with an own password changes nothing.
    assert_eq!(sign_in(&served, "fang", OWN, Some("another good password")).0, 200);
    assert_eq!(sign_in(&served, "fang", OWN, None).0, 200);

    // Forgotten: another one, under the same name, and the sessions of before end.
    let (_, again) = open(json!("other"));
    assert_eq!(again["account"], "fang");
    assert_eq!(sign_in(&served, "fang", OWN, None).0, 401);
    let set = "UPDATE account SET first_until_ms = ?1 WHERE name = 'fang'";
    let node = served.world.home.node_store();
    node.write(|transaction| transaction.execute(set, [clock::now_ms()]))
        .unwrap();
    let late = sign_in(&served, "fang", again["password"].as_str().unwrap(), Some(OWN));
    assert_eq!(
        code_of(late),
        (401, "wrong_credentials".to_owned()),
        "some days are over"
    );

    let audit = served.read("audit", &desk)["lines"].to_string();
    assert_eq!(audit.matches("\"open_account\"").count(), 2, "{audit}");
    // Nobody does so for themselves, or for somebody who is nobody here.
    let own = served.read("staff", &desk)["people"].as_array().unwrap().clone();
    let own = own.iter().find(|one| one["own"] == true).unwrap()["id"].clone();
    assert_eq!(post(&served, &desk, "staff/accounts", &json!({"worker": own})).0, 403);
    let nobody = json!({"worker": clock::new_worker_id(), "account": "nobody"});
    assert_eq!(post(&served, &desk, "staff/accounts", &nobody).0, 400);
}

/// The account's holder may do elsewhere what their roles there allow: no office makes itself a key to that.
#[test]
fn nobody_gets_a_password_here_who_works_in_another_community_too() {
    let served = Served::new();
    let world = &served.world;
    let desk = served.sign_in();
    let person = named(&served, &desk);
    let opens = |worker: &Value| {
        let body = json!({"worker": worker, "account": "fang"});
        post(&served, &desk, "staff/accounts", &body).0
    };
    let other = Office::found(&world.home, OTHER.parse().unwrap()).unwrap();
    let worker: WorkerId = person["id"].as_str().unwrap().parse().unwrap();
    appoint(&other, worker, "方正", "street_staff");
    assert_eq!(opens(&person["id"]), 403);
    let role = other
        .community
        .directory()
        .granted()
        .find(|role| role.worker == worker)
        .unwrap()
        .record;
    roles::end(&other, role, "ordinary").unwrap();
    assert_eq!(opens(&person["id"]), 200);
    // Nor who has the account of another community, and a role here.
    let guest = account(&world.home, "guest", "罗静", OTHER);
    appoint(&world.office, guest, "罗静", "street_staff");
    assert_eq!(opens(&json!(guest)), 403);
    let password = "SELECT password_hash FROM account WHERE name = 'guest'";
    let read = |connection: &rusqlite::Connection| connection.query_row(password, [], |row| row.get::<_, String>(0));
    assert!(world.home.node_store().read(read).is_ok(), "and it stays as it was");
    assert_eq!(
        sign_in(&served, "guest", PASSWORD, None).0,
        403,
        "the password serves, the desk there is not theirs"
    );
}

#[test]
fn one_sets_ones_own_password_and_other_desks_of_the_account_end() {
    let served = Served::new();
    let world = &served.world;
    appoint(
        &world.office,
        account(&world.home, "fang", "方正", CODE),
        "方正",
        "auditor",
    );
    let [desk, other] = [served.sign_in_as("fang"), served.sign_in_as("fang")];
    let set = |password: &str| code_of(post(&served, &desk, "sign-in/password", &json!({"password": password})));
    for weak in ["short", PASSWORD] {
        assert_eq!(set(weak), (422, "weak_password".to_owned()), "{weak}");
    }
    assert_eq!(set(OWN).0, 204);
    assert_eq!(served.get("overview", &desk).status, 200);
    assert_eq!(served.get("overview", &other).status, 401);
    assert_eq!(sign_in(&served, "fang", PASSWORD, None).0, 401);
    assert_eq!(sign_in(&served, "fang", OWN, None).0, 200);
    // A desk that was left standing sets none.
    let before = "UPDATE session SET proved_ms = proved_ms - ?1";
    let long_ago = |transaction: &rusqlite::Transaction<'_>| transaction.execute(before, [11 * 60 * 1000]);
    world.home.node_store().write(long_ago).unwrap();
    assert_eq!(set("another good password"), (403, "fresh_proof_needed".to_owned()));
}

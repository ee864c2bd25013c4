//! How a phone comes in: an invitation that holds once and for minutes, six digits that stand for both
//! keys, somebody at the desk who compares them. Whatever else comes is refused and writes nothing.

use menpai_server::clock;
use menpai_server::office::{invitations, roles};
use menpai_server::store::node;
use menpai_sync_core::ids::WorkerId;
use menpai_sync_core::signature::Signer;
use serde_json::{Value, json};

use crate::desk_world::http::Served;
use crate::desk_world::{account, appoint_in};
use crate::phones::{CODE, Phone, grid};
use crate::support::Newcomer;

struct Desk {
    served: Served,
    cookie: String,
    worker: Value,
}

impl Desk {
    /// The same desk with somebody else at it.
    fn signed_in_as(self, login: &str) -> Desk {
        let cookie = self.served.sign_in_as(login);
        Desk { cookie, ..self }
    }

    fn new() -> Desk {
        let served = Served::new();
        let worker = json!(account(&served.world.home, "zhou", "周桂兰", CODE));
        let cookie = served.sign_in();
        Desk { served, cookie, worker }
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/desk/staff/{path}");
        let answer = self
            .served
            .send("POST", &path, &[("Cookie", self.cookie.as_str())], Some(body));
        let said = if answer.status == 204 {
            Value::Null
        } else {
            answer.json()
        };
        (answer.status, said)
    }

    fn invite(&self) -> (Value, String) {
        let (status, made) = self.post("invitations", &json!({"worker": self.worker}));
        assert_eq!(status, 200, "{made}");
        (made["id"].clone(), made["code"].as_str().unwrap().to_owned())
    }

    fn listed(&self, id: &Value) -> Value {
        let all = self.served.read("staff/invitations", &self.cookie);
        let listed = all["invitations"].as_array().unwrap();
        listed.iter().find(|one| one["id"] == *id).unwrap().clone()
    }

    fn tell(&self, step: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .served
            .send("POST", &format!("/api/v1/enrolments/{step}"), &[], Some(body));
        (answer.status, answer.json())
    }

    /// It waits to be compared: what it shows, and its digits.
    fn waiting(&self, newcomer: &Newcomer<'_>) -> (Value, String) {
        let (status, begun) = self.tell("begin", &newcomer.begin());
        assert_eq!(status, 200, "{begun}");
        let (shows, digits) = newcomer.show(&begun);
        assert_eq!(self.tell("show", &shows), (200, json!({"state": "shown"})));
        (shows, digits)
    }

    fn phones(&self) -> usize {
        self.served.world.community().directory().phones().count()
    }
}

fn newcomer<'a>(code: &str, phone: &'a Phone) -> Newcomer<'a> {
    Newcomer {
        code: code.parse().unwrap(),
        device: phone.device,
        key: &phone.signer,
        nonce: clock::random(),
    }
}

#[test]
fn a_phone_is_enrolled_when_somebody_has_compared_and_not_before() {
    let desk = Desk::new();
    let phone = Phone::new();
    let (id, code) = desk.invite();
    assert_eq!(desk.listed(&id)["state"], "open");
    let (status, looked) = desk.tell("look", &json!({"code": format!("{} {}", &code[..3], &code[3..])}));
    assert_eq!(
        (status, &looked["worker"]["id"]),
        (200, &desk.worker),
        "spaces are for reading"
    );
    assert_eq!(desk.listed(&id)["state"], "open", "looking uses nothing up");
    let coming = newcomer(&code, &phone);
    let (shows, digits) = desk.waiting(&coming);
    let listed = desk.listed(&id);
    assert_eq!(
        (&listed["state"], &listed["phone"]["comparison"]),
        (&json!("shown"), &json!(digits))
    );
    assert_eq!(listed["worker"]["name"], "周桂兰");
    // The answer was lost: the same again is answered the same.
    let (status, begun) = desk.tell("begin", &coming.begin());
    assert_eq!((status, coming.show(&begun).1), (200, digits.clone()));
    assert_eq!(desk.phones(), 0, "nothing is registered yet");

    let wrong = if digits == "000000" { "000001" } else { "000000" };
    let (status, said) = desk.post("invitations/confirm", &json!({"id": id, "comparison": wrong}));
    assert_eq!((status, &said["code"]), (404, &json!("no_invitation")));
    assert_eq!(desk.phones(), 0);
    let same = json!({"id": id, "comparison": digits});
    assert_eq!(desk.post("invitations/confirm", &same).0, 204);
    assert_eq!(desk.post("invitations/confirm", &same).0, 204, "pressed twice");
    assert_eq!(desk.phones(), 1);
    let (status, enrolled) = desk.tell("show", &shows);
    assert_eq!((status, &enrolled["worker"]["id"]), (200, &desk.worker), "{enrolled}");
    assert_eq!(enrolled["community"]["code"], CODE);
    assert_eq!(desk.listed(&id)["state"], "confirmed");

    // Its code is used.
    let other = Phone::new();
    let (status, said) = desk.tell("begin", &newcomer(&code, &other).begin());
    assert_eq!((status, &said["code"]), (404, &json!("no_invitation")));
    let audit = desk.served.read("audit", &desk.cookie)["lines"].to_string();
    for action in ["\"invite\"", "\"enrol\""] {
        assert!(audit.contains(action), "{audit}");
    }
    let stored = desk.served.world.home.node_store().read(|connection| {
        connection.query_row("SELECT group_concat(hex(code_hash)) FROM invitation", [], |row| {
            row.get::<_, String>(0)
        })
    });
    assert!(!stored.unwrap().contains(&code), "the code is kept as a hash only");
}

#[test]
fn an_invitation_holds_once_for_minutes_and_until_it_is_taken_back() {
    let desk = Desk::new();
    let (phone, other) = (Phone::new(), Phone::new());
    let (id, code) = desk.invite();
    let expire = |at_ms: i64| {
        let set = "UPDATE invitation SET expires_ms = ?1";
        let store = desk.served.world.home.node_store();
        store.write(|transaction| transaction.execute(set, [at_ms])).unwrap();
    };
    expire(clock::now_ms() - 1);
    let (status, said) = desk.tell("begin", &newcomer(&code, &phone).begin());
    assert_eq!((status, &said["code"]), (404, &json!("no_invitation")), "over");
    assert_eq!(desk.listed(&id)["state"], "over");

    // A new one ends the one before; two phones with one code: the first has it.
    let (_, before) = desk.invite();
    let (id, code) = desk.invite();
    assert_eq!(desk.tell("look", &json!({"code": before})).0, 404);
    let coming = newcomer(&code, &phone);
    let (shows, digits) = desk.waiting(&coming);
    assert_eq!(desk.tell("begin", &newcomer(&code, &other).begin()).0, 404);
    // Over while it waits: nobody can confirm it any more.
    expire(clock::now_ms() - 1);
    assert_eq!(
        desk.post("invitations/confirm", &json!({"id": id, "comparison": digits}))
            .0,
        404
    );
    assert_eq!(desk.tell("show", &shows).0, 404);

    let (id, code) = desk.invite();
    let coming = newcomer(&code, &phone);
    let (shows, digits) = desk.waiting(&coming);
    assert_eq!(desk.post("invitations/end", &json!({"id": id})).0, 204);
    let (status, said) = desk.tell("show", &shows);
    assert_eq!((status, &said["code"]), (410, &json!("enrolment_refused")));
    assert_eq!(
        desk.post("invitations/confirm", &json!({"id": id, "comparison": digits}))
            .0,
        404
    );
    assert_eq!(desk.listed(&id)["state"], "refused");
    assert_eq!(desk.phones(), 0);
}

/// Whoever stands between the phone and the home shows the home a key of their own.
#[test]
fn what_stands_between_makes_other_digits_on_both_sides() {
    let desk = Desk::new();
    let (phone, between) = (Phone::new(), Phone::new());
    let (_, code) = desk.invite();
    let (theirs, own) = (newcomer(&code, &phone), newcomer(&code, &between));
    let (_, at_home) = desk.waiting(&own);
    // The phone is answered by the one between, with whatever numbers.
    let answers = json!({"nonce": "00".repeat(32), "community": {"code": CODE}, "home":
        {"public_key": desk.served.world.home.receipt_key.public_key()}});
    assert_ne!(theirs.show(&answers).1, at_home);
    // A key that was not committed to is not shown, nor one that the phone does not have.
    let (status, begun) = desk.tell("begin", &theirs.begin());
    assert_eq!(status, 404, "used: {begun}");
    let (_, code) = desk.invite();
    let coming = newcomer(&code, &phone);
    let (_, begun) = desk.tell("begin", &coming.begin());
    let other = Signer::from_bytes(&[9; 32]).unwrap();
    let swapped = Newcomer {
        key: &other,
        ..newcomer(&code, &phone)
    };
    assert_eq!(desk.tell("show", &swapped.show(&begun).0).0, 404);
    let (mut shows, _) = coming.show(&begun);
    shows["signature"] = json!(other.sign(b"something").to_string());
    assert_eq!(desk.tell("show", &shows).0, 400);
    assert_eq!(desk.phones(), 0);
}

#[test]
fn the_same_phone_comes_again_and_is_one_phone() {
    let desk = Desk::new();
    let phone = Phone::new();
    for _ in 0..2 {
        desk.served.enrol("zhou", &phone);
        assert_eq!(desk.phones(), 1);
    }
    // It is not another worker's, nor with another key its own.
    account(&desk.served.world.home, "chen", "陈刚", CODE);
    let find = |name: &str| {
        let found = desk
            .served
            .world
            .home
            .node_store()
            .read(|connection| node::find_account(connection, name));
        found.unwrap().unwrap()
    };
    let home = &desk.served.world.home;
    let (chen, zhou) = (find("chen"), find("zhou"));
    let made = invitations::invite(home, &chen, chen.worker).unwrap();
    let (status, said) = desk.tell("begin", &newcomer(&made.code.to_string(), &phone).begin());
    assert_eq!((status, &said["code"]), (403, &json!("wrong_device")));
    let made = invitations::invite(home, &zhou, zhou.worker).unwrap();
    let key = Signer::from_bytes(&[9; 32]).unwrap();
    let forged = Newcomer {
        key: &key,
        ..newcomer(&made.code.to_string(), &phone)
    };
    let (_, digits) = desk.waiting(&forged);
    let refused = invitations::confirm(home, zhou.community, zhou.worker, &made.id, &digits);
    assert!(refused.is_err());
    // A stopped one comes as a new one, and says whose place it takes.
    let stop = json!({"device": phone.device, "because": "replaced"});
    assert_eq!(desk.post("phones/stop", &stop).0, 204);
    let made = invitations::invite(home, &zhou, zhou.worker).unwrap();
    let (status, said) = desk.tell("begin", &newcomer(&made.code.to_string(), &phone).begin());
    assert_eq!((status, &said["code"]), (403, &json!("device_stopped")));
    let fresh = Phone::new();
    let coming = newcomer(&made.code.to_string(), &fresh);
    let (_, begun) = desk.tell("begin", &coming.begin());
    let (mut shows, digits) = coming.show(&begun);
    shows["device"]["replaces"] = json!(phone.device);
    assert_eq!(desk.tell("show", &shows).0, 200);
    invitations::confirm(home, zhou.community, zhou.worker, &made.id, &digits).unwrap();
    let replaces = "SELECT count(*) FROM record_device WHERE replaces IS NOT NULL";
    let query = |connection: &rusqlite::Connection| Ok(connection.query_row(replaces, [], |row| row.get::<_, i64>(0))?);
    assert_eq!(desk.served.world.community().query(query).unwrap(), 1);
}

/// Somebody with an account and a role, in a grid if that is where it works.
fn member(desk: &Desk, login: &str, name: &str, role: &str, in_grid: Option<u8>) -> WorkerId {
    let world = &desk.served.world;
    let worker = account(&world.home, login, name, CODE);
    appoint_in(&world.office, worker, name, role, in_grid.map(grid));
    worker
}

#[test]
fn a_chief_enrols_phones_of_the_own_grid_and_of_no_other() {
    let desk = Desk::new();
    member(&desk, "chief", "郑凯", "grid_chief", Some(1));
    let own = member(&desk, "own", "刘敏", "grid_worker", Some(1));
    let other = member(&desk, "other", "马超", "grid_worker", Some(2));
    let of_both = member(&desk, "both", "孙丽", "grid_worker", Some(1));
    appoint_in(&desk.served.world.office, of_both, "孙丽", "volunteer", Some(grid(2)));
    let nobody = desk.worker.clone();
    // An invitation of the secretary's, for somebody of another grid, to whom a phone has come.
    let (status, theirs) = desk.post("invitations", &json!({"worker": other}));
    assert_eq!(status, 200);
    let stranger = Phone::new();
    let (_, strangers_digits) = desk.waiting(&newcomer(theirs["code"].as_str().unwrap(), &stranger));

    let desk = desk.signed_in_as("chief");
    let current = desk.served.read("sessions/current", &desk.cookie);
    assert_eq!(current["may"], json!(["invite_phones"]));
    let staff = desk.served.read("staff", &desk.cookie);
    let names: Vec<&str> = (staff["people"].as_array().unwrap().iter())
        .map(|person| person["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["刘敏", "郑凯"], "the own grid's people");
    assert_eq!((&staff["roles"], &staff["grids"]), (&json!([]), &json!([])));
    for worker in [json!(other), json!(of_both), nobody] {
        let (status, said) = desk.post("invitations", &json!({"worker": worker}));
        assert_eq!((status, &said["code"]), (403, &json!("not_allowed")));
    }
    let listed = desk.served.read("staff/invitations", &desk.cookie);
    assert_eq!(listed["invitations"], json!([]), "nobody else's are shown");
    let same = json!({"id": theirs["id"], "comparison": strangers_digits});
    assert_eq!(desk.post("invitations/confirm", &same).0, 403);
    assert_eq!(desk.post("invitations/end", &json!({"id": theirs["id"]})).0, 403);
    assert_eq!(desk.phones(), 0);
    // What else the secretary does there is not the chief's.
    for (path, body) in [
        ("roles", json!({"worker": own, "role": "grid_worker", "grid": grid(2)})),
        ("phones/stop", json!({"device": stranger.device, "because": "lost"})),
    ] {
        assert_eq!(desk.post(path, &body).0, 403, "{path}");
    }

    let (status, made) = desk.post("invitations", &json!({"worker": own}));
    assert_eq!(status, 200, "{made}");
    let phone = Phone::new();
    let (_, digits) = desk.waiting(&newcomer(made["code"].as_str().unwrap(), &phone));
    let same = json!({"id": made["id"], "comparison": digits});
    // Given a role elsewhere meanwhile, they are no longer the chief's to let in.
    let office = &desk.served.world.office;
    appoint_in(office, own, "刘敏", "volunteer", Some(grid(2)));
    assert_eq!(desk.post("invitations/confirm", &same).0, 403);
    let directory = office.community.directory();
    let mut second = directory.granted_in(grid(2), clock::now_ms());
    let second = second.find(|role| role.worker == own).unwrap();
    roles::end(office, second.record, "ordinary").unwrap();
    assert_eq!(desk.post("invitations/confirm", &same).0, 204);
    assert_eq!(desk.phones(), 1);
}

#[test]
fn guessing_codes_is_slowed_and_standing_ones_hold_in_a_demo_only() {
    let desk = Desk::new();
    let home = &desk.served.world.home;
    let found = home
        .node_store()
        .read(|connection| node::find_account(connection, "zhou"));
    let code = invitations::stand(home, &found.unwrap().unwrap()).unwrap().to_string();
    let phone = Phone::new();
    assert_eq!(desk.tell("begin", &newcomer(&code, &phone).begin()).0, 404);
    home.invitations.let_standing_hold();
    for phone in [&phone, &Phone::new()] {
        let coming = newcomer(&code, phone);
        let (_, begun) = desk.tell("begin", &coming.begin());
        let (status, enrolled) = desk.tell("show", &coming.show(&begun).0);
        assert_eq!((status, &enrolled["state"]), (200, &json!("confirmed")));
    }
    assert_eq!(desk.phones(), 2);
    let mut last = (0, Value::Null);
    for guess in 0..25 {
        last = desk.tell("look", &json!({"code": format!("{guess:09}")}));
    }
    assert_eq!((last.0, &last.1["code"]), (429, &json!("too_many_requests")));
    assert_eq!(
        desk.tell("look", &json!({"code": code})).0,
        429,
        "a right one is not told from a wrong one"
    );
}

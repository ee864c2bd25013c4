//! People and phones at the desk: a role given opens what it opens with the next request and one
//! ended closes it; a stopped phone gets nothing from the next request on and what it still brings is held.

use menpai_server::clock;
use menpai_sync_core::ids::EntityId;
use serde_json::{Value, json};

use crate::desk_world::http::{Served, SignedIn};
use crate::desk_world::{account, appoint};
use crate::phones::{CODE, grid};

struct Staffed {
    served: Served,
    cookie: String,
    phone: SignedIn,
    door: EntityId,
}

impl Staffed {
    fn new() -> Staffed {
        let served = Served::new();
        let (door, _, _) = served.world.registry();
        let phone = served.phone("zhou", "周桂兰", 1);
        let cookie = served.sign_in();
        Staffed {
            served,
            cookie,
            phone,
            door,
        }
    }

    fn person(&self, name: &str) -> Value {
        let staff = self.served.read("staff", &self.cookie);
        let people = staff["people"].as_array().unwrap();
        people.iter().find(|one| one["name"] == name).unwrap().clone()
    }

    fn post(&self, path: &str, body: &Value) -> u16 {
        let path = format!("/api/v1/desk/staff/{path}");
        let cookie = [("Cookie", self.cookie.as_str())];
        self.served.send("POST", &path, &cookie, Some(body)).status
    }

    fn held(&self) -> u64 {
        self.served.read("overview", &self.cookie)["held"].as_u64().unwrap()
    }
}

#[test]
fn a_role_opens_with_the_next_request_and_closes_with_the_next() {
    let staffed = Staffed::new();
    let served = &staffed.served;
    appoint(
        &served.world.office,
        account(&served.world.home, "he", "何平", CODE),
        "何平",
        "inspector",
    );
    let theirs = served.sign_in_as("he");
    assert_eq!(served.get("records", &theirs).status, 403);
    let worker = staffed.person("何平")["id"].clone();
    let give =
        |role: &str, in_grid: Value| staffed.post("roles", &json!({"worker": worker, "role": role, "grid": in_grid}));
    assert_eq!(give("community_staff", Value::Null), 204);
    assert_eq!(served.get("records", &theirs).status, 200, "the same session");
    assert_eq!(
        give("community_staff", Value::Null),
        204,
        "the same again is nothing new"
    );
    let roles = staffed.person("何平")["roles"].as_array().unwrap().clone();
    assert_eq!(roles.len(), 2, "{roles:?}");
    let given = roles.iter().find(|role| role["role"] == "community_staff").unwrap();
    let end = json!({"record": given["record"], "because": "ordinary"});
    assert_eq!(staffed.post("roles/end", &end), 204);
    assert_eq!(
        served.get("records", &theirs).status,
        403,
        "the session goes on, the role does not"
    );
    assert_eq!(staffed.post("roles/end", &end), 404, "it has ended");
    // The person's other role stands.
    assert_eq!(served.get("overview", &theirs).status, 200);
}

#[test]
fn what_cannot_be_given_or_ended_changes_nothing() {
    let staffed = Staffed::new();
    let worker = staffed.person("周桂兰")["id"].clone();
    let yesterday = "2020-01-01";
    for wrong in [
        json!({"worker": worker, "role": "king", "grid": null}),
        json!({"worker": worker, "role": "grid_worker", "grid": null}),
        json!({"worker": worker, "role": "community_staff", "grid": grid(1)}),
        json!({"worker": worker, "role": "grid_worker", "grid": grid(9)}),
        json!({"worker": worker, "role": "community_staff", "grid": null, "until": yesterday}),
        json!({"worker": clock::new_worker_id(), "role": "community_staff", "grid": null}),
        json!({"worker": worker}),
    ] {
        let status = staffed.post("roles", &wrong);
        assert!((400..500).contains(&status), "{status} {wrong}");
    }
    assert_eq!(staffed.person("周桂兰")["roles"].as_array().unwrap().len(), 1);
    // Nobody ends their own: who may give roles would be gone.
    let own = staffed.person("何静");
    assert_eq!(own["own"], true);
    let end = json!({"record": own["roles"][0]["record"], "because": "ordinary"});
    assert_eq!(staffed.post("roles/end", &end), 403);
    let nothing = json!({"record": clock::new_entry_id(), "because": "ordinary"});
    assert_eq!(staffed.post("roles/end", &nothing), 404);
}

#[test]
fn a_stopped_phone_gets_nothing_at_once_and_its_work_is_kept_and_held() {
    let mut staffed = Staffed::new();
    assert_eq!(staffed.served.sync(&staffed.phone), "", "it is known");
    staffed.phone.phone.door_check(grid(1), staffed.door);
    let device = staffed.phone.phone.device;
    assert_eq!(staffed.person("周桂兰")["phones"][0]["stopped"], Value::Null);
    let office = &staffed.served.world.office;
    let mut successor = crate::desk_world::object(json!({"device": device, "worker": staffed.phone.phone.worker,
        "type": "phone", "public_key": staffed.phone.phone.signer.public_key(), "name": "红米 12C"}));
    let before = menpai_sync_core::ids::DeviceId::from_bytes([9; 16]);
    successor.insert("replaces".to_owned(), json!(before));
    office.write(&[office.record("device", None, successor)]).unwrap();
    let stop = json!({"device": device, "because": "lost"});
    assert_eq!(staffed.post("phones/stop", &stop), 204);
    // The record in the place of the one that made it known says all that one said: whose place the
    // phone took, or the one before would be a silent phone again.
    let replaces = "SELECT count(*) FROM record_device WHERE replaces IS NOT NULL AND revoked_at_ms IS NOT NULL";
    let query = |connection: &rusqlite::Connection| Ok(connection.query_row(replaces, [], |row| row.get::<_, i64>(0))?);
    assert_eq!(staffed.served.world.community().query(query).unwrap(), 1);
    assert_eq!(staffed.post("phones/stop", &stop), 404, "it is stopped");
    let phone = staffed.person("周桂兰")["phones"][0].clone();
    assert!(phone["stopped"].is_string());
    assert_eq!(
        (&phone["lost"], &phone["told"]),
        (&json!(true), &json!(false)),
        "not in contact since"
    );
    let signed = staffed.phone.authorise("GET", "/api/v1/snapshots", None);
    let asks = [("Authorization", signed.as_str())];
    let refused = staffed.served.send("GET", "/api/v1/snapshots", &asks, None);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (403, &json!("device_stopped"))
    );
    // Whoever has it hands in what was on it, and gets nothing.
    assert_eq!(staffed.held(), 0);
    assert_eq!(staffed.served.sync(&staffed.phone), "lost", "it is told to wipe itself");
    assert_eq!(staffed.held(), 1, "kept, and does not count");
    let phone = staffed.person("周桂兰")["phones"][0].clone();
    assert_eq!((&phone["lost"], &phone["told"]), (&json!(true), &json!(true)));
    // The office's own devices are no phones.
    let office = staffed.served.world.office.device.device;
    assert_eq!(
        staffed.post("phones/stop", &json!({"device": office, "because": "lost"})),
        404
    );
}

#[test]
fn the_offices_own_hand_is_nobody_of_the_staff() {
    let staffed = Staffed::new();
    let world = &staffed.served.world;
    appoint(&world.office, world.office.worker, "社区办公室", "community_staff");
    let staff = staffed.served.read("staff", &staffed.cookie);
    let people = staff["people"].as_array().unwrap();
    assert!(people.iter().any(|one| one["name"] == "周桂兰"));
    assert!(people.iter().all(|one| one["name"] != "社区办公室"), "{people:?}");
}

/// What was made before an ordinary end still counts for a while; after an end for abuse nothing that
/// arrives does, whenever it says that it was made.
#[test]
fn after_an_end_for_abuse_whatever_arrives_is_held() {
    for (because, held) in [("ordinary", 0), ("abuse", 1)] {
        let mut staffed = Staffed::new();
        staffed.served.sync(&staffed.phone);
        staffed.phone.phone.door_check(grid(1), staffed.door);
        let role = staffed.person("周桂兰")["roles"][0]["record"].clone();
        assert_eq!(
            staffed.post("roles/end", &json!({"record": role, "because": because})),
            204
        );
        staffed.served.sync(&staffed.phone);
        assert_eq!(staffed.held(), held, "{because}");
    }
}

//! The secretary's page of held entries through the real app: what it lists, what a decision
//! does, and what is refused with which sentence.

use crate::desk_world::World;
use crate::phones::{Phone, grid, set, text};
use actix_web::http::header::ACCEPT_LANGUAGE;
use menpai_server::clock;
use menpai_sync_core::ids::EntityId;
use serde_json::{Value, json};

/// A phone with a check that breaks a rule, one of another grid, and an unreadable entry.
struct Holding {
    world: World,
    phone: Phone,
    household: EntityId,
    cookie: String,
}

impl Holding {
    async fn new() -> Holding {
        let world = World::new();
        let (door, household, _) = world.registry();
        let mut phone = world.phone("周桂兰", "红米 12C");
        phone.record(
            "door_check",
            Some(grid(1)),
            json!({"dwelling_id": door, "mode": "door", "outcome": "met", "people_present": 500}),
        );
        phone.door_check(grid(2), door);
        phone.raw(b"not an entry");
        phone.edit(
            Some(grid(2)),
            world.heads(),
            vec![set("household", household, "phone", text("13900007715"))],
        );
        world.sync(&phone, 0);
        let cookie = world.sign_in("secretary").await;
        Holding {
            world,
            phone,
            household,
            cookie,
        }
    }

    async fn held(&self, seq: u64) -> Value {
        let answer = self.world.read("held", &self.cookie).await;
        let entries = answer["entries"].as_array().unwrap();
        entries
            .iter()
            .find(|entry| entry["seq"] == seq)
            .cloned()
            .unwrap_or(Value::Null)
    }

    async fn decision(&self, seq: u64, decision: &str) -> Value {
        let held = self.held(seq).await;
        json!({"id": clock::new_entry_id(), "device": self.phone.device, "seq": seq, "decision": decision,
               "seen": held["seen"].as_array().cloned().unwrap_or_default(), "note": "已核对"})
    }

    async fn decide(&self, cookie: &str, decision: &Value, language: &str) -> (u16, Value) {
        let request = World::from_page("held/decisions", cookie)
            .insert_header((ACCEPT_LANGUAGE, language))
            .set_json(decision);
        self.world.send(request).await
    }
}

#[actix_web::test]
async fn what_is_held_is_listed_with_why_whose_and_what_can_become_of_it() {
    let world = Holding::new().await;
    let answer = world.world.read("held", &world.cookie).await;
    assert_eq!((&answer["held"], &answer["set_aside"]), (&json!(4), &json!(0)));
    let broken = world.held(1).await;
    assert_eq!(broken["reason"], "failed_rule");
    assert_eq!(broken["worker"]["name"], "周桂兰");
    assert_eq!(broken["address"]["room"], "302");
    assert_eq!(
        broken["not_releasable"]["zh"],
        "有一项不合表的要求，照原样放行还是会被暂存。"
    );
    let fields = broken["amend"]["fields"].as_array().unwrap();
    let people = fields.iter().find(|field| field["name"] == "people_present").unwrap();
    assert_eq!(
        (&people["value"], &people["input"]["type"]),
        (&json!(500), &json!("integer"))
    );
    let elsewhere = world.held(2).await;
    assert_eq!(
        (&elsewhere["reason"], &elsewhere["not_releasable"]),
        (&json!("not_assigned"), &Value::Null)
    );
    let unreadable = world.held(3).await;
    assert_eq!(
        (&unreadable["amend"], &unreadable["entry"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        unreadable["not_releasable"]["en"]
            .as_str()
            .unwrap()
            .contains("set aside")
    );
    let edit = world.held(4).await;
    assert_eq!(edit["amend"]["fields"][0]["now"]["zh"], "13800002206");
    assert_eq!(edit["amend"]["fields"][0]["text"]["zh"], "13900007715");
    // The office makes an edit again in the grid that its household is in.
    assert_eq!(edit["not_releasable"], Value::Null);
    assert_eq!(edit["amend"]["set"][0]["id"], json!(world.household));
}

#[actix_web::test]
async fn a_decision_is_taken_once_and_says_what_became_of_the_entry() {
    let world = Holding::new().await;
    let release = world.decision(2, "release").await;
    for _ in 0..2 {
        let (status, answer) = world.decide(&world.cookie, &release, "zh").await;
        assert_eq!((status, &answer["verdict"]), (200, &json!("merged")), "{answer}");
    }
    assert_eq!(world.held(2).await, Value::Null);
    let (status, answer) = world
        .decide(&world.cookie, &world.decision(2, "set_aside").await, "zh")
        .await;
    assert_eq!((status, &answer["code"]), (409, &json!("held_gone")), "{answer}");

    let mut amend = world.decision(1, "amend").await;
    amend["body"] = world.held(1).await["amend"]["body"].clone();
    let (status, answer) = world.decide(&world.cookie, &amend, "zh").await;
    assert_eq!(
        (status, &answer["code"]),
        (422, &json!("value_not_allowed")),
        "{answer}"
    );
    assert!(answer["message"].as_str().unwrap().contains("在家人数"), "{answer}");
    amend["body"]["people_present"] = json!(5);
    let (status, answer) = world.decide(&world.cookie, &amend, "zh").await;
    assert_eq!((status, &answer["verdict"]), (200, &json!("released")), "{answer}");
    let newest = world.world.read("records?limit=1", &world.cookie).await;
    assert_eq!(newest["records"][0]["device"]["office"], true);
    assert_eq!(newest["records"][0]["corrects"]["worker"]["name"], "周桂兰");

    let (status, answer) = world
        .decide(&world.cookie, &world.decision(3, "set_aside").await, "zh")
        .await;
    assert_eq!((status, &answer["verdict"]), (200, &json!("set_aside")), "{answer}");
    let overview = world.world.read("overview", &world.cookie).await;
    assert_eq!(overview["held"], 1);
}

#[actix_web::test]
async fn what_cannot_be_is_refused_in_the_readers_language() {
    let world = Holding::new().await;
    for (language, says) in [("zh", "照原样放行还是会被暂存"), ("en", "would be held again")] {
        let release = world.decision(1, "release").await;
        let (status, answer) = world.decide(&world.cookie, &release, language).await;
        assert_eq!((status, &answer["code"]), (422, &json!("still_held")), "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(says), "{answer}");
    }
    let mut nowhere = world.decision(1, "set_aside").await;
    nowhere["seq"] = json!(99);
    assert_eq!(world.decide(&world.cookie, &nowhere, "zh").await.0, 404);
    for wrong in [
        json!({"decision": "delete"}),
        json!({"decision": "amend"}),
        json!({"set": []}),
    ] {
        let mut decision = world.decision(1, "release").await;
        decision
            .as_object_mut()
            .unwrap()
            .extend(wrong.as_object().unwrap().clone());
        assert_eq!(world.decide(&world.cookie, &decision, "zh").await.0, 400, "{wrong}");
    }
    assert_eq!(
        world
            .decide("menpai-desk=none", &world.decision(1, "release").await, "zh")
            .await
            .0,
        401
    );
    assert_eq!(world.world.read("held", &world.cookie).await["held"], 4);
}

//! The secretary decides a conflict through the real app: what it writes, what it leaves
//! beside it, and whom it refuses. (What a phone then shows: tests/e2e/story.mjs.)

use crate::desk_world::{World, account, appoint, change, labelled};
use crate::phones::{CODE, Phone, set, text};
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, ORIGIN};
use menpai_server::clock;
use menpai_sync_core::ids::EntityId;
use serde_json::{Value, json};

/// Where the page sends a decision.
const DECISIONS: &str = "conflicts/decisions";
const OTHER: &str = "410102002006";
const LEFT: &str = "13900007715";
const RIGHT: &str = "13900001175";

/// A household whose phone number two phones changed without having seen each other's.
struct Conflicting {
    world: World,
    household: EntityId,
    one: Phone,
    cookie: String,
}

impl Conflicting {
    async fn new() -> Conflicting {
        let world = World::new();
        let (_, household, _) = world.registry();
        let mut one = world.phone("周桂兰", "红米 12C");
        let mut two = world.phone("何建平", "荣耀畅玩");
        let seen = world.heads();
        change(
            &mut one,
            seen.clone(),
            set("household", household, "phone", text(LEFT)),
            "asked_in_person",
        );
        change(
            &mut two,
            seen,
            set("household", household, "phone", text(RIGHT)),
            "neighbour",
        );
        world.sync(&one, 0);
        world.sync(&two, 0);
        let cookie = world.sign_in("secretary").await;
        Conflicting {
            world,
            household,
            one,
            cookie,
        }
    }

    async fn conflicts(&self) -> Vec<Value> {
        let answer = self.world.read("conflicts", &self.cookie).await;
        answer["conflicts"].as_array().unwrap().clone()
    }

    /// What the page sends that is drawn now.
    async fn decision(&self, value: Value) -> Value {
        let conflict = &self.conflicts().await[0];
        json!({"id": clock::new_entry_id(), "type": conflict["type"], "entity": conflict["entity"],
               "field": conflict["field"], "value": value, "seen": conflict["seen"], "note": null})
    }

    async fn decide(&self, decision: &Value) -> (u16, Value) {
        self.world.post(DECISIONS, &self.cookie, decision).await
    }

    async fn undo(&self, undo: &Value) -> (u16, Value) {
        self.world.post("conflicts/decisions/undo", &self.cookie, undo).await
    }

    /// Every line of the log so far.
    fn lines(&self) -> u64 {
        let count = |connection: &rusqlite::Connection| {
            Ok(connection.query_row("SELECT count(*) FROM log_line", [], |row| row.get(0))?)
        };
        self.world.community().query(count).unwrap()
    }
}

#[actix_web::test]
async fn choosing_a_value_ends_the_conflict_and_says_who_decided() {
    let world = Conflicting::new().await;
    let mut decision = world.decision(json!(RIGHT)).await;
    decision["note"] = json!(" 打过电话核对 ");
    let (status, answer) = world.decide(&decision).await;
    assert_eq!((status, &answer), (200, &json!({"verdict": "merged", "values": 1})));
    assert_eq!(world.conflicts().await, Vec::<Value>::new());
    let newest = world.world.read("records?limit=1", &world.cookie).await;
    let record = &newest["records"][0];
    assert_eq!(record["entry"], decision["id"]);
    assert_eq!(record["kind"], "edit");
    assert_eq!(record["worker"]["name"], "何静");
    assert_eq!(record["device"]["office"], true);
    assert_eq!(labelled(record, "家庭电话")["zh"], RIGHT);
    assert_eq!(labelled(record, "依据")["zh"], "书记核定");
    assert_eq!(labelled(record, "备注")["zh"], "打过电话核对");
    // Whoever has only the log comes to the same.
    world.world.community().rebuild().unwrap();
    assert_eq!(world.conflicts().await, Vec::<Value>::new());
}

#[actix_web::test]
async fn a_value_that_nobody_wrote_can_be_decided() {
    let world = Conflicting::new().await;
    let (status, answer) = world.decide(&world.decision(json!(" 0371-60001234 ")).await).await;
    assert_eq!((status, &answer["values"]), (200, &json!(1)), "{answer}");
    assert_eq!(world.conflicts().await, Vec::<Value>::new());
    let newest = world.world.read("records?limit=1", &world.cookie).await;
    assert_eq!(labelled(&newest["records"][0], "家庭电话")["zh"], "0371-60001234");
}

#[actix_web::test]
async fn the_page_learns_how_another_value_is_written() {
    let world = Conflicting::new().await;
    let conflict = &world.conflicts().await[0];
    assert_eq!(conflict["input"]["type"], "text");
    assert_eq!(conflict["input"]["lines"], false);
    assert_eq!(conflict["seen"], json!(world.world.heads()));
}

#[actix_web::test]
async fn a_value_that_came_after_the_page_was_drawn_stays_as_a_conflict() {
    let mut world = Conflicting::new().await;
    let decision = world.decision(json!(LEFT)).await;
    let mut third = world.world.phone("吴立", "小米");
    let seen = world.world.heads();
    change(
        &mut third,
        seen,
        set("household", world.household, "phone", text("13700003333")),
        "neighbour",
    );
    world.world.sync(&third, 0);
    // The third author had seen both: his value alone stands now, and nothing is to decide.
    let before = world.lines();
    let (status, answer) = world.decide(&decision).await;
    assert_eq!((status, &answer["code"]), (409, &json!("conflict_gone")), "{answer}");
    assert_eq!(world.lines(), before);

    // One who had seen neither: the decision replaces the two values it saw, the third stays.
    let household = world.household;
    change(
        &mut world.one,
        Vec::new(),
        set("household", household, "phone", text(LEFT)),
        "document",
    );
    world.world.sync(&world.one, 0);
    let decision = world.decision(json!(RIGHT)).await;
    let mut fourth = world.world.phone("郑小云", "华为");
    change(
        &mut fourth,
        Vec::new(),
        set("household", household, "phone", text("13600004444")),
        "other",
    );
    world.world.sync(&fourth, 0);
    let (status, answer) = world.decide(&decision).await;
    assert_eq!((status, answer), (200, json!({"verdict": "merged", "values": 2})));
    let values = values(&world.conflicts().await[0]);
    assert!(
        values.contains(&RIGHT.to_owned()) && values.contains(&"13600004444".to_owned()),
        "{values:?}"
    );
    assert!(!values.contains(&LEFT.to_owned()), "{values:?}");
}

#[actix_web::test]
async fn the_same_request_twice_decides_once() {
    let world = Conflicting::new().await;
    let decision = world.decision(json!(LEFT)).await;
    let first = world.decide(&decision).await;
    let lines = world.lines();
    assert_eq!(world.decide(&decision).await, first);
    assert_eq!(world.lines(), lines);
    // Under the same id nothing else can be said, and a new id finds nothing left to decide.
    let mut other = decision.clone();
    other["value"] = json!(RIGHT);
    let (status, answer) = world.decide(&other).await;
    assert_eq!((status, &answer["details"]["what"]), (400, &json!("id")));
    other["id"] = json!(clock::new_entry_id());
    let (status, answer) = world.decide(&other).await;
    assert_eq!((status, &answer["code"]), (409, &json!("conflict_gone")));
    assert_eq!(world.lines(), lines);
}

#[actix_web::test]
async fn a_value_against_the_rule_of_its_field_is_refused_in_words_and_nothing_is_written() {
    let world = Conflicting::new().await;
    let before = world.lines();
    let decision = world.decision(json!("1390000")).await;
    let (status, answer) = world.decide(&decision).await;
    assert_eq!((status, &answer["code"]), (422, &json!("value_not_allowed")));
    assert_eq!(answer["message"], "家庭电话应是 11 位手机号或带区号的座机号。");
    let in_english = World::from_page(DECISIONS, &world.cookie)
        .insert_header((ACCEPT_LANGUAGE, "en"))
        .set_json(&decision);
    let (_, answer) = world.world.send(in_english).await;
    let sentence = "Phone must be a mobile number of 11 digits or a landline with its area code.";
    assert_eq!(answer["message"], sentence);
    let mut long = world.decision(json!(LEFT)).await;
    long["note"] = json!("长".repeat(1_001));
    let (status, answer) = world.decide(&long).await;
    assert_eq!((status, &answer["message"]), (422, &json!("备注最多 1000 个字。")));
    for (member, wrong) in [
        ("seen", json!([])),
        ("field", json!("nothing")),
        ("type", json!("person")),
        ("value", json!(1.5)),
    ] {
        let mut unreadable = world.decision(json!(LEFT)).await;
        unreadable[member] = wrong;
        let (status, answer) = world.decide(&unreadable).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("unreadable_request")),
            "{member}: {answer}"
        );
    }
    assert_eq!(world.lines(), before);
    assert_eq!(world.conflicts().await.len(), 1);
}

#[actix_web::test]
async fn only_the_secretary_of_the_community_decides() {
    let world = Conflicting::new().await;
    let home = &world.world.home;
    let other = menpai_server::office::Office::found(home, OTHER.parse().unwrap()).unwrap();
    appoint(
        &other,
        account(home, "elsewhere", "高兰", OTHER),
        "高兰",
        "community_secretary",
    );
    let decision = world.decision(json!(LEFT)).await;
    let elsewhere = world.world.sign_in("elsewhere").await;
    let (status, answer) = world.world.post(DECISIONS, &elsewhere, &decision).await;
    assert_eq!((status, &answer["code"]), (409, &json!("conflict_gone")));
    let (status, _) = world.world.post(DECISIONS, "nothing=1", &decision).await;
    assert_eq!(status, 401);
    // Who only looks on does not decide, though the page is the same.
    appoint(
        &world.world.office,
        account(home, "watch", "贺明", CODE),
        "贺明",
        "inspector",
    );
    let before = world.lines();
    let watching = world.world.sign_in("watch").await;
    let (status, answer) = world.world.post(DECISIONS, &watching, &decision).await;
    assert_eq!((status, &answer["code"]), (403, &json!("not_allowed")));
    assert_eq!(world.lines(), before);
}

#[actix_web::test]
async fn another_site_and_another_form_decide_nothing() {
    let world = Conflicting::new().await;
    let decision = world.decision(json!(LEFT)).await;
    let before = world.lines();
    let foreign =
        |name: HeaderName, value: &'static str| World::from_page(DECISIONS, &world.cookie).insert_header((name, value));
    for request in [
        foreign(ORIGIN, "https://elsewhere.example"),
        foreign(HeaderName::from_static("sec-fetch-site"), "cross-site"),
    ] {
        let (status, answer) = world.world.send(request.set_json(&decision)).await;
        assert_eq!((status, &answer["code"]), (403, &json!("not_allowed")));
    }
    let as_text = foreign(CONTENT_TYPE, "text/plain").set_payload(decision.to_string());
    let (status, answer) = world.world.send(as_text).await;
    assert_eq!((status, &answer["code"]), (400, &json!("unreadable_request")));
    assert_eq!(world.lines(), before);
}

#[actix_web::test]
async fn a_decision_taken_back_is_the_conflict_that_it_was() {
    let world = Conflicting::new().await;
    let before = told(&world.conflicts().await[0]);
    let decision = world.decision(json!("13500005555")).await;
    world.decide(&decision).await;
    let answer = world.world.read("conflicts", &world.cookie).await;
    let row = &answer["decided"][0];
    assert_eq!(
        (&row["entry"], &row["text"]["zh"], &row["worker"]["name"]),
        (&decision["id"], &json!("13500005555"), &json!("何静"))
    );
    let undo = json!({"id": clock::new_entry_id(), "decision": decision["id"]});
    let (status, answer) = world.undo(&undo).await;
    assert_eq!((status, &answer), (200, &json!({"values": 2})), "{answer}");
    assert_eq!(told(&world.conflicts().await[0]), before);
    let answer = world.world.read("conflicts", &world.cookie).await;
    assert_eq!(answer["decided"], json!([]));
    // The same again writes nothing, and whoever has only the log comes to the same.
    let lines = world.lines();
    assert_eq!(world.undo(&undo).await, (200, json!({"values": 2})));
    assert_eq!(world.lines(), lines);
    world.world.community().rebuild().unwrap();
    assert_eq!(told(&world.conflicts().await[0]), before);
    // It can be decided anew, and that taken back as well.
    let again = world.decision(json!(LEFT)).await;
    assert_eq!(world.decide(&again).await.1["values"], 1);
    let undo = json!({"id": clock::new_entry_id(), "decision": again["id"]});
    assert_eq!(world.undo(&undo).await.0, 200);
    assert_eq!(told(&world.conflicts().await[0]), before);
}

#[actix_web::test]
async fn what_was_changed_since_a_decision_is_not_taken_back() {
    let mut world = Conflicting::new().await;
    let decision = world.decision(json!(LEFT)).await;
    world.decide(&decision).await;
    let (seen, household) = (world.world.heads(), world.household);
    change(
        &mut world.one,
        seen,
        set("household", household, "phone", text("13700003333")),
        "document",
    );
    world.world.sync(&world.one, 0);
    let before = world.lines();
    let undo = json!({"id": clock::new_entry_id(), "decision": decision["id"]});
    let (status, answer) = world.undo(&undo).await;
    assert_eq!((status, &answer["code"]), (409, &json!("undo_gone")));
    assert_eq!(world.world.read("conflicts", &world.cookie).await["decided"], json!([]));
    for (decision, expected) in [(json!(clock::new_entry_id()), 404), (json!("x"), 400)] {
        let undo = json!({"id": clock::new_entry_id(), "decision": decision});
        assert_eq!(world.undo(&undo).await.0, expected);
    }
    assert_eq!(world.lines(), before);
}

#[actix_web::test]
async fn the_same_value_twice_is_no_conflict_at_the_desk() {
    let world = World::new();
    let (_, household, _) = world.registry();
    let seen = world.heads();
    for (name, phone) in [("周桂兰", "红米 12C"), ("何建平", "荣耀畅玩")] {
        let mut phone = world.phone(name, phone);
        change(
            &mut phone,
            seen.clone(),
            set("household", household, "phone", text(LEFT)),
            "neighbour",
        );
        world.sync(&phone, 0);
    }
    let cookie = world.sign_in("secretary").await;
    assert_eq!(world.read("conflicts", &cookie).await["conflicts"], json!([]));
    assert_eq!(world.read("overview", &cookie).await["conflicts"], 0);
    let rows = |connection: &rusqlite::Connection| {
        Ok(connection.query_row("SELECT count(*) FROM conflict", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(world.community().query(rows).unwrap(), 0);
}

/// What the page says of each value: who, on what, when by both clocks, from where.
fn told(conflict: &Value) -> Vec<String> {
    let mut told: Vec<String> = conflict["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| {
            let mut value = value.clone();
            // Which of the two screens show first is automerge's choice.
            value["shown"] = Value::Null;
            value.to_string()
        })
        .collect();
    told.sort();
    told.push(conflict["before"].to_string());
    told
}

fn values(conflict: &Value) -> Vec<String> {
    let values = conflict["values"].as_array().unwrap();
    values
        .iter()
        .map(|value| value["value"].as_str().unwrap().to_owned())
        .collect()
}

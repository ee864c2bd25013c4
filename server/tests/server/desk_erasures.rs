//! The secretary erases somebody at the desk: found by name, done only with the name typed again.

use crate::desk_world::World;
use crate::phones;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_person_is_found_by_name_and_goes_when_the_name_is_typed_again() {
    let world = World::new();
    let (_, household, head) = world.registry();
    let cookie = world.sign_in("secretary").await;
    let found = world.read("erasures?name=%E7%8E%89", &cookie).await;
    let found = found["found"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["id"], json!(head));
    assert_eq!(found[0]["name"], "陈玉珍");
    assert_eq!(found[0]["address"]["room"], "302");
    assert_eq!(found[0]["whole"]["id"], json!(household));

    let asked = json!({"id": head, "type": "person", "found": head, "name": "陈玉珍", "basis": "requested",
                       "requested_on": "2026-11-24"});
    let with = |member: &str, value: Value| {
        let mut other = asked.clone();
        other[member] = value;
        other
    };
    for wrong in [
        with("name", json!("陈玉")),
        with("type", json!("household")),
        with("basis", json!("tidiness")),
        with("id", json!(phones::grid(1))),
    ] {
        let (status, answer) = world.post("erasures", &cookie, &wrong).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("unreadable_request")),
            "{wrong}"
        );
    }
    let (status, _) = world.post("erasures", "menpai_desk=x", &asked).await;
    assert_eq!(status, 401);

    let (status, answer) = world.post("erasures", &cookie, &asked).await;
    assert_eq!((status, &answer["subjects"]), (200, &json!(1)), "{answer}");
    let found = world.read("erasures?name=%E7%8E%89", &cookie).await;
    assert_eq!(found["found"], json!([]));
    // The other pages go on without it.
    for page in ["doors?standing=missing", "records", "conflicts", "coverage"] {
        world.read(page, &cookie).await;
    }
}

#[actix_web::test]
async fn a_whole_household_goes_by_the_name_of_one_of_it() {
    let world = World::new();
    let (_, household, head) = world.registry();
    let cookie = world.sign_in("secretary").await;
    let asked = json!({"id": household, "type": "household", "found": head, "name": "陈玉珍",
                       "basis": "consent_withdrawn", "requested_on": null});
    let (status, answer) = world.post("erasures", &cookie, &asked).await;
    assert_eq!((status, &answer["subjects"]), (200, &json!(2)), "{answer}");
}

#[actix_web::test]
async fn who_is_called_just_so_is_found_among_many_who_are_called_alike() {
    let world = World::new();
    world.registry();
    let entry = menpai_server::clock::new_entry_id();
    let alike = (0..60).map(|number| {
        let person = menpai_sync_core::ids::EntityId::made_by(entry, number);
        // In order of name they come before.
        phones::set("person", person, "name", phones::text(&format!("一{number:02}陈玉珍")))
    });
    world.edit_in(2, entry, alike.collect());
    let cookie = world.sign_in("secretary").await;
    let found = world.read("erasures?name=%E9%99%88%E7%8E%89%E7%8F%8D", &cookie).await;
    let found = found["found"].as_array().unwrap();
    assert_eq!((found.len(), &found[0]["name"]), (50, &json!("陈玉珍")));
    let asked = world.read("audit?name=%E9%99%88%E7%8E%89%E7%8F%8D", &cookie).await;
    assert_eq!(asked["people"].as_array().unwrap().len(), 1, "{asked}");
}

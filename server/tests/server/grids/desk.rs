//! The secretary's page of grids, through the real app.

use super::town::Town;
use menpai_server::clock;
use menpai_sync_core::ids::{EntityId, WorkerId};
use serde_json::json;

/// Where the page sends what is to move.
const MOVES: &str = "grids/moves";

#[actix_web::test]
async fn the_secretary_moves_what_her_page_shows_to_a_new_grid() {
    let town = Town::new();
    let cookie = town.world.sign_in("secretary").await;
    let worker = WorkerId::from_bytes(clock::random());
    town.world.assign(worker, "老网格员", town.one);
    let shown = town.world.read("grids", &cookie).await;
    let one = &shown["grids"][0];
    assert_eq!(
        (&one["name"], &one["workers"][0]["name"]),
        (&json!("第1网格"), &json!("老网格员"))
    );
    assert_eq!(one["workers"][0]["role"]["zh"], "网格员");
    let building = &one["buildings"][1];
    assert_eq!(
        (&building["name"], &building["doors"], &building["people"]),
        (&json!("2号楼"), &json!(1), &json!(1))
    );
    let asked = json!({"from": town.one, "to": null, "name": "第3网格", "buildings": [town.goes.building],
                       "workers": [worker], "doors": 1});
    let with = |field: &str, value: serde_json::Value| {
        let mut asked = asked.clone();
        asked[field] = value;
        asked
    };
    for (wrong, code) in [
        (with("doors", json!(2)), "grids_changed"),
        (
            with("buildings", json!([EntityId::from_bytes([7; 16])])),
            "grids_changed",
        ),
        (with("name", json!("第2网格")), "unreadable_request"),
        (with("name", json!("  ")), "unreadable_request"),
        (with("to", json!(town.two)), "unreadable_request"),
    ] {
        let (_, answer) = town.world.post(MOVES, &cookie, &wrong).await;
        assert_eq!(answer["code"], code, "{wrong}: {answer}");
    }
    let (status, answer) = town.world.post(MOVES, &cookie, &asked).await;
    assert_eq!(
        (status, &answer["doors"], &answer["ended"]),
        (200, &json!(1), &json!(0)),
        "{answer}"
    );
    let shown = town.world.read("grids", &cookie).await;
    let third = shown["grids"]
        .as_array()
        .unwrap()
        .iter()
        .find(|grid| grid["name"] == "第3网格")
        .unwrap();
    assert_eq!(third["id"], answer["grid"]);
    assert_eq!(
        (&third["buildings"][0]["name"], &third["workers"][0]["name"]),
        (&json!("2号楼"), &json!("老网格员"))
    );
    town.assert_whole();
    // The same again: it is there no more.
    let (status, answer) = town.world.post(MOVES, &cookie, &with("name", json!("第4网格"))).await;
    assert_eq!((status, &answer["code"]), (409, &json!("grids_changed")));
    assert_eq!(town.world.get("grids", None).await.0, 401);
}

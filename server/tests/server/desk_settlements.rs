//! The secretary settles a quarter at the desk, through the real app.

use crate::desk_world::World;
use menpai_server::clock;
use menpai_server::local_time::LocalTime;
use menpai_server::office::settlement::Quarter;
use serde_json::json;

#[actix_web::test]
async fn a_quarter_that_is_over_is_settled_once_and_says_since_when() {
    let world = World::new();
    let cookie = world.sign_in("secretary").await;
    let now = Quarter::of(LocalTime::of_community().day(clock::now_ms()));
    let quarters = world.read("settlements", &cookie).await["quarters"].clone();
    let quarters = quarters.as_array().unwrap();
    assert_eq!(quarters.len(), 4);
    assert_eq!(quarters[0]["quarter"], json!(now.before()));
    assert_eq!(quarters[1]["quarter"], json!(now.before().before()));
    assert!(quarters.iter().all(|quarter| quarter["settled_at"].is_null()));

    for wrong in [json!({"quarter": now}), json!({"quarter": "2026"}), json!({})] {
        let (status, answer) = world.post("settlements", &cookie, &wrong).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("unreadable_request")),
            "{wrong}"
        );
    }
    let asked = json!({"quarter": now.before(), "note": "季度积分已公示"});
    assert_eq!(world.post("settlements", "menpai_desk=x", &asked).await.0, 401);
    assert_eq!(world.post("settlements", &cookie, &asked).await.0, 204);
    let settled = world.read("settlements", &cookie).await["quarters"][0]["settled_at"].clone();
    assert!(settled.is_string(), "{settled}");
    // Again: the same, and no further record.
    assert_eq!(world.post("settlements", &cookie, &asked).await.0, 204);
    let records: i64 = world
        .community()
        .query(|connection| Ok(connection.query_row("SELECT count(*) FROM record_settlement", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(records, 1);
    assert_eq!(
        world.read("settlements", &cookie).await["quarters"][0]["settled_at"],
        settled
    );
}

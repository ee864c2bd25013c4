//! The secretary settles a quarter at the desk, through the real app.

use crate::desk_world::World;
use actix_web::http::header::{COOKIE, HOST, ORIGIN};
use actix_web::test::{TestRequest, read_body};
use menpai_server::clock;
use menpai_server::local_time::LocalTime;
use menpai_server::office::settlement::Quarter;
use serde_json::{Value, json};

async fn settle(world: &World, cookie: &str, body: &Value) -> (u16, Value) {
    let request = TestRequest::post()
        .uri("/api/v1/desk/settlements")
        .insert_header((HOST, "localhost:8080"))
        .insert_header((ORIGIN, "http://localhost:8080"))
        .insert_header((COOKIE, cookie.to_owned()))
        .set_json(body);
    let response = world.answer(request).await;
    let status = response.status().as_u16();
    let body = read_body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

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
        let (status, answer) = settle(&world, &cookie, &wrong).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("unreadable_request")),
            "{wrong}"
        );
    }
    let asked = json!({"quarter": now.before(), "note": "季度积分已公示"});
    assert_eq!(settle(&world, "menpai_desk=x", &asked).await.0, 401);
    assert_eq!(settle(&world, &cookie, &asked).await.0, 204);
    let settled = world.read("settlements", &cookie).await["quarters"][0]["settled_at"].clone();
    assert!(settled.is_string(), "{settled}");
    // Again: the same, and no further record.
    assert_eq!(settle(&world, &cookie, &asked).await.0, 204);
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

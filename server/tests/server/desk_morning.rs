//! The morning page through the real app: what the night wrote down of a day, and what came
//! after it.

use crate::desk_world::{World, day};
use crate::phones::{self, HOUR_MS, grid};
use actix_web::http::StatusCode;
use menpai_server::clock;
use menpai_server::jobs::night::{Which, run};
use menpai_sync_core::time::Instant;
use serde_json::json;

/// Two in the morning after the day of an instant.
fn night_after(unix_ms: i64) -> Instant {
    let offset_ms = 8 * HOUR_MS;
    let midnight = (unix_ms + offset_ms).div_euclid(24 * HOUR_MS) * 24 * HOUR_MS - offset_ms;
    Instant {
        unix_ms: midnight + 26 * HOUR_MS,
        offset_minutes: 480,
    }
}

#[actix_web::test]
async fn before_the_first_night_the_page_says_so_and_nobody_else_reads_it() {
    let world = World::new();
    let (status, body) = world.get("morning", None).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::UNAUTHORIZED, &json!("not_signed_in"))
    );
    let cookie = world.sign_in("secretary").await;
    let page = world.read("morning", &cookie).await;
    assert_eq!(
        (&page["day"], &page["days"], &page["community"]),
        (&json!(null), &json!([]), &json!(null))
    );
    let (status, _) = world.get("morning?day=yesterday", Some(&cookie)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_closed_day_stays_as_it_was_and_what_arrives_later_stands_beside_it() {
    let world = World::new();
    let mut phone = world.phone("王小梅", "王小梅的手机");
    let silent = world.phone("李大力", "李大力的手机");
    let doors = world.doors(1, "16号楼", 3);
    phone.clock_ms = clock::now_ms() - 5_000;
    let today = day(phone.clock_ms);
    phone.door_check(grid(1), doors[0]);
    world.sync(&phone, 0);
    world
        .community()
        .note_contact(phone.device, phones::heard(phone.last(), clock::now_ms()));
    world
        .community()
        .note_contact(silent.device, phones::heard(0, clock::now_ms() - 72 * HOUR_MS));
    let night = night_after(phone.clock_ms);
    assert!(run(&world.home, night, Which::Yesterday).unwrap().is_clean());

    let cookie = world.sign_in("secretary").await;
    let closed = world.read("morning", &cookie).await;
    assert_eq!((&closed["day"], &closed["days"]), (&json!(today), &json!([today])));
    let community = &closed["community"];
    assert_eq!((&community["absent"], &community["checked"]), (&json!(1), &json!(0)));
    assert_eq!(
        (&community["grids"], &community["grids_returned"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&community["phones"], &community["phones_silent"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(community["closed_at"], json!(night.to_string()));
    let grid_return = &closed["grids"][0];
    assert_eq!(grid_return["returned"], json!(true));
    let named = &grid_return["not_heard_from"][0];
    assert_eq!(
        (&named["worker"]["name"], &named["device"]),
        (&json!("李大力"), &json!("李大力的手机"))
    );
    let steps: Vec<_> = closed["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["done"])
        .collect();
    assert_eq!(steps, vec![&json!(true); 5]);

    phone.clock_ms = clock::now_ms() - 3_000;
    phone.door_check(grid(1), doors[1]);
    world.sync(&phone, 0);
    let later = world.read(&format!("morning?day={today}"), &cookie).await;
    assert_eq!(later["community"]["since_arrived"], json!(1));
    assert_eq!(later["grids"][0]["since_arrived"], json!(1));
    assert_eq!(later["community"]["absent"], community["absent"]);
}

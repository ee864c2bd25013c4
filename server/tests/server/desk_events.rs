//! Live arrival over real HTTP: an open desk is told where the log ends, and only that.

use menpai_server::office::roles;
use serde_json::json;

use crate::desk_world::http::Served;
use crate::desk_world::{account, appoint};
use crate::phones::grid;

#[test]
fn a_sync_reaches_an_open_desk_as_its_lsn_and_nothing_else() {
    let served = Served::new();
    let (door, _, _) = served.world.registry();
    let mut phone = served.phone("liu", "林秋禾", 1);
    let cookie = served.sign_in();
    let mut events = served.events(&cookie, None);
    assert_eq!(events.status, 200);
    let (began, data) = events.next().unwrap();
    assert_eq!(data, json!({"lsn": began}));
    phone.phone.door_check(grid(1), door);
    served.sync(&phone);
    let (lsn, data) = events.next().unwrap();
    assert_eq!((lsn, data), (began + 1, json!({"lsn": began + 1})));
    assert_eq!(served.read("overview", &cookie)["lsn"], lsn);
}

#[test]
fn a_contact_without_news_reaches_the_desk_too() {
    let served = Served::new();
    let phone = served.phone("liu", "林秋禾", 1);
    let cookie = served.sign_in();
    let before = served.read("overview", &cookie);
    assert_eq!(before["devices"][0]["last_contact"], json!(null));
    let mut events = served.events(&cookie, None);
    let (began, _) = events.next().unwrap();
    served.sync(&phone);
    assert_eq!(events.next().unwrap().0, began);
    let after = served.read("overview", &cookie);
    assert_eq!(after["lsn"], before["lsn"]);
    assert!(
        after["devices"][0]["last_contact"]
            .as_str()
            .unwrap()
            .ends_with("+08:00")
    );
}

#[test]
fn who_comes_back_is_told_only_what_is_new() {
    let served = Served::new();
    let (door, _, _) = served.world.registry();
    let mut phone = served.phone("liu", "林秋禾", 1);
    let cookie = served.sign_in();
    let (seen, _) = served.events(&cookie, None).next().unwrap();
    // Nothing new: the first thing said is the next arrival.
    let mut same = served.events(&cookie, Some(seen));
    phone.phone.door_check(grid(1), door);
    served.sync(&phone);
    assert_eq!(same.next().unwrap().0, seen + 1);
    // Missed while away: said at once.
    assert_eq!(served.events(&cookie, Some(seen)).next().unwrap().0, seen + 1);
}

#[test]
fn a_stream_is_bound_to_its_session() {
    let served = Served::new();
    let cookie = served.sign_in();
    let mut events = served.events(&cookie, None);
    events.next().unwrap();
    let left = served.send("DELETE", "/api/v1/desk/sessions/current", &[("Cookie", &cookie)], None);
    assert_eq!(left.status, 204);
    assert_eq!(events.next(), None);
    assert_eq!(served.events(&cookie, None).status, 401);
}

#[test]
fn a_stream_ends_with_the_role_of_who_listens() {
    let served = Served::new();
    let office = &served.world.office;
    let worker = account(
        &served.world.home,
        "inspector",
        "方正",
        &served.world.code().to_string(),
    );
    appoint(office, worker, "方正", "inspector");
    let mut events = served.events(&served.sign_in_as("inspector"), None);
    events.next().unwrap();
    let directory = office.community.directory();
    let role = directory.granted().find(|role| role.worker == worker).unwrap().record;
    roles::end(office, role, "ordinary").unwrap();
    assert_eq!(events.next(), None);
}

#[test]
fn many_open_streams_leave_the_one_worker_free() {
    let served = Served::new();
    let cookie = served.sign_in();
    let mut streams: Vec<_> = (0..200).map(|_| served.events(&cookie, None)).collect();
    let phone = served.phone("liu", "林秋禾", 1);
    served.sync(&phone);
    let lsn = served.read("overview", &cookie)["lsn"].as_u64().unwrap();
    for events in &mut streams {
        while events.next().unwrap().0 != lsn {}
    }
}

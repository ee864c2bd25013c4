//! Every text of a resident that a kind file has holds a word that stands nowhere else; then every
//! byte that each role can fetch is searched: every GET of the router's table, at the desk, and sync
//! and snapshots of a phone. What is found must be what the table of rights gives, and what a file says
//! that people have read. A new field, kind, role or route is searched by itself.
//! `MENPAI_WRITE_GOLDEN=1` writes the file anew; then read what changed.

mod found;
mod planted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use menpai_server::rights::{Action, Place, ROLES, rights_of};
use menpai_sync_core::kinds::Class;
use serde_json::json;

use crate::desk_world::http::Served;
use crate::desk_world::{account, appoint};
use crate::phones::{CODE, grid};
use crate::rights::session;
use found::{at_the_desk, on_a_phone};
use planted::{Canary, HELD, NUMBER, plant};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/canaries.tsv");

/// Who finds what: by canary, the roles that do at the desk, and those that do on a phone.
type Finds = BTreeMap<String, [BTreeSet<&'static str>; 2]>;

#[test]
fn no_role_can_fetch_a_word_that_it_has_no_right_to() {
    let served = Served::new();
    let planted = plant(&served);
    let mut finds = Finds::new();
    for canary in &planted.canaries {
        finds.entry(canary.name.clone()).or_default();
    }
    for role in ROLES {
        let rights = rights_of(role).unwrap();
        let worker = account(&served.world.home, role, role, CODE);
        appoint(&served.world.office, worker, role, role);
        let cookie = session(&served.world, role);
        for (route, bytes) in at_the_desk(&served, &planted, &cookie) {
            for canary in planted.canaries.iter().filter(|canary| canary.is_in(&bytes)) {
                let may = rights.names && may_read(canary.class, rights.care);
                assert!(may, "{role} finds {} at {route}", canary.name);
                finds.get_mut(&canary.name).unwrap()[0].insert(role);
            }
        }
        let in_grid = (rights.place == Place::Grid).then(|| grid(1));
        let bytes = on_a_phone(&served, role, "own", in_grid);
        for canary in planted.canaries.iter().filter(|canary| canary.is_in(&bytes)) {
            let may = rights.actions.contains(&Action::ReadPart) && may_read(canary.class, rights.care);
            assert!(may, "a phone of {role} finds {}", canary.name);
            finds.get_mut(&canary.name).unwrap()[1].insert(role);
        }
        if rights.place == Place::Grid {
            let elsewhere = on_a_phone(&served, role, "other", Some(grid(3)));
            let found = planted.canaries.iter().find(|canary| canary.is_in(&elsewhere));
            assert!(found.is_none(), "a phone of {role} in another grid finds {found:?}");
        }
    }
    // Where nobody finds anything, the search itself is at fault.
    let spoken = |canary: &&Canary| canary.class != Class::Sealed;
    for canary in planted.canaries.iter().filter(spoken) {
        let (canary, [desk, phone]) = (&canary.name, &finds[&canary.name]);
        assert!(
            desk.contains("community_secretary"),
            "{canary} is shown nowhere: {desk:?}"
        );
        let for_the_office = canary.ends_with(HELD);
        assert_eq!(phone.contains("grid_worker"), !for_the_office, "{canary}: {phone:?}");
    }
    // An id number is asked for by itself, and then it is there.
    let cookie = session(&served.world, "community_secretary");
    let asked = json!({"person": planted.id, "reason": "official_form"});
    let reveal = served.send(
        "POST",
        "/api/v1/desk/id-numbers/reveal",
        &[("Cookie", &cookie)],
        Some(&asked),
    );
    assert!(reveal.text().contains(NUMBER), "{}", reveal.text());
    assert_reviewed(&text(&finds, &planted.canaries));
}

fn may_read(class: Class, care: bool) -> bool {
    match class {
        Class::Open => true,
        Class::Care => care,
        Class::Sealed => false,
    }
}

fn assert_reviewed(written: &str) {
    if std::env::var("MENPAI_WRITE_GOLDEN").is_ok() {
        std::fs::write(GOLDEN, written).unwrap();
    }
    let reviewed = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(
        written == reviewed,
        "who can fetch what changed; if that is meant: MENPAI_WRITE_GOLDEN=1, and read the difference\n{written}"
    );
}

/// One line for a field: its class, who finds it at the desk, who on a phone.
fn text(finds: &Finds, canaries: &[Canary]) -> String {
    let mut text =
        String::from("# What of a resident is found in the bytes that each role can fetch; nobody else finds it.\n");
    for (name, [desk, phone]) in finds {
        let class = canaries.iter().find(|canary| canary.name == *name).unwrap().class;
        let class = match class {
            Class::Open => "open",
            Class::Care => "care",
            Class::Sealed => "sealed",
        };
        let words = |roles: &BTreeSet<&str>| roles.iter().copied().collect::<Vec<_>>().join(" ");
        writeln!(text, "{name}\t{class}\tdesk: {}\tphone: {}", words(desk), words(phone)).unwrap();
    }
    text
}

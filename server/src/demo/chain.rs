//! Who answers for the demo's doors: invented people for the street, compounds, buildings and households, who are
//! named and do not sign in. Here and there nobody is, as everywhere.

use menpai_sync_core::ids::GridId;
use menpai_sync_core::time::Instant;
use serde_json::json;

use super::DemoError;
use crate::clock;
use crate::office::{Office, OfficeError, records, roles};
use crate::store::review::chain::answers_for;

const LEADER: &str = "许岚";
const SURNAMES: [&str; 13] = [
    "黄", "徐", "马", "朱", "胡", "林", "郭", "高", "梁", "宋", "唐", "许", "韩",
];
const GIVEN: [&str; 11] = [
    "建国", "秀英", "志强", "桂兰", "海燕", "文斌", "玉梅", "永福", "晓红", "国栋", "丽华",
];
/// Of so many compounds or buildings one has nobody.
const ONE_WITHOUT_OF: usize = 9;
/// Of so many buildings one has no contact for its households.
const ONE_WITHOUT_CONTACT_OF: usize = 3;

/// Names them all in one transaction, unless somebody is named already.
pub(super) fn name(office: &Office, from: Instant) -> Result<(), DemoError> {
    if office
        .community
        .directory()
        .granted()
        .any(|granted| granted.place.is_some())
    {
        return Ok(());
    }
    let spots = office.community.query(roles::spots).map_err(OfficeError::from)?;
    let body = |name: &str, role: &str, grid: Option<GridId>| {
        records::assignment(clock::new_worker_id(), name, role, grid, from)
    };
    let mut bodies = vec![body(LEADER, "street_leader", None)];
    let mut people = 0;
    for (grid, spots) in &spots {
        for (at, spot) in (1..).zip(spots) {
            for (role, one_without_of) in [
                ("compound_head", ONE_WITHOUT_OF),
                ("building_head", ONE_WITHOUT_OF),
                ("household_contact", ONE_WITHOUT_CONTACT_OF),
            ] {
                if !answers_for(role).contains(&spot.place_type.as_str()) || at % one_without_of == 0 {
                    continue;
                }
                // The lengths have no common factor: nobody has the name of another.
                let name = [SURNAMES[people % SURNAMES.len()], GIVEN[people % GIVEN.len()]].concat();
                people += 1;
                let mut named = body(&name, role, Some(*grid));
                named.insert("place".to_owned(), json!(spot.id));
                bodies.push(named);
            }
        }
    }
    let drafts = bodies
        .into_iter()
        .map(|body| office.record(records::ASSIGNMENT, None, body));
    office.write(&drafts.collect::<Vec<_>>())?;
    Ok(())
}

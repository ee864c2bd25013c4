//! Who of the demonstration needs care, and what the office wrote into the notes: lone elders
//! with their care plans above all, then the groups that an office keeps lists of. Exactly
//! thirteen people are to be visited every two days.

use std::cmp::Reverse;

use super::Household;
use super::dice::Dice;
use super::households::Kind;

/// What the last columns say of one person.
#[derive(Default)]
pub(super) struct Care {
    /// Values of care categories.
    pub(super) categories: Vec<&'static str>,
    /// Days of the care plan that stands in the note.
    pub(super) interval_days: Option<u16>,
    pub(super) note: Option<String>,
}

/// Gives categories, plans and notes to the people of all households.
pub(super) fn assign(households: &mut [Household], dice: &mut Dice) {
    lone_elders(households, dice);
    empty_nests(households, dice);
    illness_and_disability(households, dice);
    frail_elders(households, dice);
    children(households);
    subsistence(households, dice);
    plain_notes(households, dice);
}

const EVERY_TWO_DAYS: usize = 13;
const WEEKLY: usize = 34;

fn lone_elders(households: &mut [Household], dice: &mut Dice) {
    let mut alone = of_kind(households, Kind::LoneElder);
    // The oldest first, but not strictly: need and age are not the same.
    alone.sort_by_cached_key(|index| {
        let age = households[*index].people[0].age;
        Reverse(age + dice.below(12))
    });
    for (rank, index) in alone.into_iter().enumerate() {
        let care = &mut households[index].care[0];
        care.categories.push("living_alone");
        let remark = if rank < EVERY_TWO_DAYS {
            if rank % 2 == 0 {
                care.categories.push("childless");
            }
            if rank < 2 {
                care.categories.push("extreme_hardship");
            }
            if rank % 3 == 1 {
                care.categories.push("limited_mobility");
            }
            plan(care, 2);
            dice.pick(&[
                "听力不好,敲门重些",
                "需要代买药",
                "没有子女,带些蔬菜面条",
                "拄拐,下楼不便",
            ])
        } else if rank < EVERY_TWO_DAYS + WEEKLY {
            plan(care, 7);
            dice.pick(&[
                "女儿住外地",
                "听力不好",
                "儿子周末来",
                "冬天用电暖器,留意线路",
                "血压高",
            ])
        } else {
            plan(care, 30);
            dice.pick(&["身体好,常去活动室", "侄女住隔壁院", "白天多在楼下", "儿子每周来"])
        };
        remarked(care, remark);
    }
}

fn empty_nests(households: &mut [Household], dice: &mut Dice) {
    let mut couples = of_kind(households, Kind::ElderCouple);
    couples.retain(|index| households[*index].people.iter().all(|person| person.age >= 66));
    dice.shuffle(&mut couples);
    couples.truncate(60);
    for (rank, index) in couples.into_iter().enumerate() {
        let household = &mut households[index];
        for care in &mut household.care {
            care.categories.push("empty_nest");
            if rank < 6 {
                care.categories.push("bereaved_only_child");
            }
        }
        let head = &mut household.care[0];
        match rank {
            0..6 => plan(head, 30),
            6..20 => {
                plan(head, 30);
                remarked(head, "子女在外地");
            }
            20..44 => {
                plan(head, 90);
                remarked(head, dice.pick(&["儿子在国外", "子女在外地", "女儿每月回来"]));
            }
            _ => {}
        }
    }
}

/// Fifty-six households with a severely ill or severely disabled member.
fn illness_and_disability(households: &mut [Household], dice: &mut Dice) {
    let mut others: Vec<usize> = (0..households.len())
        .filter(|index| {
            let household = &households[*index];
            household.kind != Kind::LoneElder && household.care[0].categories.is_empty()
        })
        .collect();
    dice.shuffle(&mut others);
    for (rank, index) in others.into_iter().take(56).enumerate() {
        let household = &mut households[index];
        let oldest = (0..household.people.len())
            .max_by_key(|position| household.people[*position].age)
            .unwrap_or(0);
        let care = &mut household.care[oldest];
        care.categories.push(if rank % 2 == 0 {
            "severe_illness"
        } else {
            "severe_disability"
        });
        if rank % 4 == 0 {
            plan(care, 30);
            remarked(care, dice.pick(&["定期透析", "家属白天上班", "需要上门办事"]));
        } else if rank % 4 == 1 {
            plan(care, 7);
        }
    }
}

fn frail_elders(households: &mut [Household], dice: &mut Dice) {
    let mut old: Vec<(usize, usize)> = Vec::new();
    for (index, household) in households.iter().enumerate() {
        for (position, person) in household.people.iter().enumerate() {
            if person.age >= 80 && household.care[position].categories.is_empty() {
                old.push((index, position));
            }
        }
    }
    dice.shuffle(&mut old);
    for (rank, (index, position)) in old.into_iter().take(40).enumerate() {
        let care = &mut households[index].care[position];
        if rank < 15 {
            care.categories.push("disabled");
            plan(care, 30);
            remarked(care, dice.pick(&["儿媳照料", "请了保姆", "老伴照料"]));
        } else {
            care.categories.push("limited_mobility");
            if rank < 25 {
                plan(care, 90);
            }
        }
    }
}

/// One orphan, one child without anybody's care in fact, three whose parents work elsewhere.
fn children(households: &mut [Household]) {
    let with_grandparent = of_kind(households, Kind::GrandparentWithGrandchild);
    for (rank, index) in with_grandparent.into_iter().enumerate().take(5) {
        let care = &mut households[index].care[1];
        match rank {
            0 => {
                care.categories.push("orphan");
                plan(care, 7);
            }
            1 => {
                care.categories.push("unattended_child");
                plan(care, 7);
            }
            _ => {
                care.categories.push("left_behind_child");
                remarked(care, "父母在外地打工");
            }
        }
    }
}

fn subsistence(households: &mut [Household], dice: &mut Dice) {
    let mut small: Vec<usize> = (0..households.len())
        .filter(|index| matches!(households[*index].kind, Kind::Single | Kind::ParentWithChild))
        .collect();
    dice.shuffle(&mut small);
    for index in small.into_iter().take(24) {
        households[index].care[0].categories.push("subsistence");
    }
}

fn plain_notes(households: &mut [Household], dice: &mut Dice) {
    for household in households {
        for (person, care) in household.people.iter().zip(&mut household.care) {
            if care.note.is_some() || !dice.percent(6) {
                continue;
            }
            let note = match person.age {
                0..=5 => continue,
                6..=17 => dice.pick(&["在附近上学", "放学后在家"]),
                18..=22 => dice.pick(&["在外地上学,寒暑假回", "在本市上学"]),
                23..=59 => dice.pick(&["租住", "白天上班,晚上在家", "人户分离", "家里养狗", "常出差", "志愿者"]),
                _ => dice.pick(&["在活动室帮忙", "退休", "常去儿子家", "志愿者"]),
            };
            remarked(care, note);
        }
    }
}

fn of_kind(households: &[Household], kind: Kind) -> Vec<usize> {
    (0..households.len())
        .filter(|index| households[*index].kind == kind)
        .collect()
}

/// Writes a plan into the note in the words that the reader takes for one.
fn plan(care: &mut Care, interval_days: u16) {
    let phrase = match interval_days {
        2 => "每2天探访",
        7 => "每周探访",
        30 => "每月探访",
        _ => "每季度探访",
    };
    care.interval_days = Some(interval_days);
    care.note = Some(phrase.to_owned());
}

fn remarked(care: &mut Care, remark: &str) {
    care.note = Some(match care.note.take() {
        Some(note) => format!("{note},{remark}"),
        None => remark.to_owned(),
    });
}

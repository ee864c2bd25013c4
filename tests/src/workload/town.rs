//! Where the workload happens: one grid of one community, made through the server's own
//! importer from a roster like an office keeps.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use menpai_server::home::Home;
use menpai_server::simulate::{Dice, Login, read_logins};
use menpai_sync_core::ids::CommunityCode;

use super::{SEED, words};
use crate::data_folder;

/// Doors, each with one household.
pub const HOUSEHOLDS: usize = 600;
/// Persons in them.
pub const PERSONS: usize = 1_500;
const GRID: &str = "第一网格";
/// Two workers of the grid, and a third who has made nothing yet.
const WORKERS: [(&str, &str, usize); 3] = [("one", "甲", 0), ("two", "乙", 0), ("three", "丙", 0)];
const BUILDINGS: usize = 10;
const UNITS: usize = 2;
const DOORS_A_FLOOR: usize = 3;
/// Communities that a home keeps open while it founds others: an import leaves 16 MB of each behind.
const FOUNDED_AT_ONCE: usize = 50;

/// Makes the data folder; the file of its logins.
#[must_use]
pub fn found(data: &Path) -> PathBuf {
    data_folder::make_of(data, &[GRID], &WORKERS, &roster(HOUSEHOLDS, PERSONS))
}

/// Makes the data folder of a home with so many such communities; the first worker's login of
/// each. The codes are `410102002001` and on.
#[must_use]
pub fn found_many(data: &Path, communities: usize) -> Vec<Login> {
    std::fs::create_dir_all(data).unwrap();
    let file = data.join("roster.csv");
    std::fs::write(&file, roster(HOUSEHOLDS, PERSONS)).unwrap();
    let mut logins = String::new();
    let numbers: Vec<usize> = (1..=communities).collect();
    for some in numbers.chunks(FOUNDED_AT_ONCE) {
        let home = Home::open(data).unwrap();
        for &number in some {
            let account = format!("worker-{number}");
            let worker = [(account.as_str(), "甲", 0)];
            logins += &data_folder::add(&home, code_of(number), &[GRID], &worker, &file);
        }
    }
    let path = data.join("logins.txt");
    std::fs::write(&path, logins).unwrap();
    read_logins(&path).unwrap()
}

/// The code of one of many communities, from 1.
#[must_use]
pub fn code_of(number: usize) -> CommunityCode {
    format!("{:012}", 410_102_002_000 + number).parse().unwrap()
}

/// A roster as CSV: one person a row, every tenth an elder with a care plan.
#[must_use]
pub fn roster(households: usize, persons: usize) -> String {
    let mut dice = Dice::new(SEED);
    let mut text = "网格,小区/院,楼栋,单元,门牌,姓名,性别,出生日期,电话,与户主关系,人员类别,备注\n".to_owned();
    let doors_a_building = households.div_ceil(BUILDINGS);
    for number in 0..persons {
        let (household, place) = (number % households, number / households);
        let (building, door) = (household / doors_a_building, household % doors_a_building);
        let (unit, door) = (door % UNITS + 1, door / UNITS);
        let room = (door / DOORS_A_FLOOR + 1) * 100 + door % DOORS_A_FLOOR + 1;
        let elder = number % 10 == 0;
        let born = if elder {
            dice.between(1936, 1956)
        } else {
            dice.between(1957, 2015)
        };
        let relation = ["户主", "妻", "子"].get(place).copied().unwrap_or("其他");
        writeln!(
            text,
            "{GRID},协作路28号院,{}号楼,{unit},{room},{},{},{born}-{:02}-{:02},{},{relation},{},{}",
            building + 1,
            words::name(&mut dice),
            if dice.percent(50) { "男" } else { "女" },
            dice.between(1, 12),
            dice.between(1, 28),
            words::mobile(&mut dice),
            if elder { "独居" } else { "" },
            if elder { "每7天探访一次" } else { "" },
        )
        .unwrap();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roster_has_a_row_for_every_person_and_repeats_itself() {
        let text = roster(HOUSEHOLDS, PERSONS);
        assert_eq!(text.lines().count(), PERSONS + 1);
        assert_eq!(text, roster(HOUSEHOLDS, PERSONS));
    }
}

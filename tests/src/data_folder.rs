//! A data folder with a community small enough to be made in a second: two grids, 36 doors,
//! a care plan behind each, four workers. Made through the server's own importer and office, like any other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use menpai_server::auth::hash_password;
use menpai_server::auth::invitation::InvitationCode;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::import::{Import, ensure_grids, import_roster};
use menpai_server::office::{Office, invitations, records};
use menpai_server::store::node::{self, Account};
use menpai_sync_core::ids::{CommunityCode, GridId, WorkerId};
use menpai_sync_core::time::Instant;

const CODE: &str = "410102002005";
const ANOTHER_CODE: &str = "410102002006";
const ANOTHER_WORKERS: [(&str, &str, usize); 1] = [("other", "丙", 0)];
const GRIDS: [&str; 2] = ["第一网格", "第二网格"];
const WORKERS: [(&str, &str, usize); 4] = [
    ("one-a", "甲一", 0),
    ("one-b", "乙一", 0),
    ("two-a", "甲二", 1),
    ("two-b", "乙二", 1),
];
const PASSWORD: &str = "for-tests-only";
const GRID_ROLE: &str = "grid_worker";
const FLOORS: usize = 6;
const DOORS_A_FLOOR: usize = 3;

/// The community of the folder.
#[must_use]
pub fn code() -> CommunityCode {
    CODE.parse().unwrap()
}

/// The other community of a folder that has two.
#[must_use]
pub fn another_code() -> CommunityCode {
    ANOTHER_CODE.parse().unwrap()
}

/// Makes the folder; the file of its logins.
#[must_use]
pub fn make(data: &Path) -> PathBuf {
    make_of(data, &GRIDS, &WORKERS, &roster_csv())
}

/// Makes a folder of these grids, workers (account, name, index of their grid) and roster; the
/// file of its logins.
#[must_use]
pub fn make_of(data: &Path, grids: &[&str], workers: &[(&str, &str, usize)], roster_csv: &str) -> PathBuf {
    make_community(data, code(), grids, workers, roster_csv)
}

/// Begins another community in the folder; the file of its logins.
#[must_use]
pub fn make_another(data: &Path) -> PathBuf {
    make_community(data, another_code(), &GRIDS, &ANOTHER_WORKERS, &roster_csv())
}

fn make_community(
    data: &Path,
    code: CommunityCode,
    grids: &[&str],
    workers: &[(&str, &str, usize)],
    roster_csv: &str,
) -> PathBuf {
    let home = Home::open(data).unwrap();
    let roster = data.join("roster.csv");
    std::fs::write(&roster, roster_csv).unwrap();
    let logins = add(&home, code, grids, workers, &roster);
    let path = data.join(format!("logins-{code}.txt"));
    std::fs::write(&path, logins).unwrap();
    path
}

/// Adds a community to a home; its logins, one a line. Accounts are of the whole home.
#[must_use]
pub fn add(home: &Home, code: CommunityCode, grids: &[&str], workers: &[(&str, &str, usize)], roster: &Path) -> String {
    let office = Office::found(home, code).unwrap();
    let grids = ensure_grids(home, code, grids).unwrap();
    let from = Instant {
        unix_ms: clock::now_ms() - 30 * 86_400_000,
        offset_minutes: 480,
    };
    let hash = hash_password(PASSWORD).unwrap();
    let mut logins = String::new();
    let mut drafts = Vec::new();
    for &(account, name, grid) in workers {
        let worker = clock::new_worker_id();
        let invited = add_account(home, code, account, name, worker, &hash);
        let grid = GridId::from_bytes(*grids[grid].as_bytes());
        let body = records::assignment(worker, name, GRID_ROLE, Some(grid), from);
        drafts.push(office.record(records::ASSIGNMENT, None, body));
        writeln!(logins, "{account} {invited} {name}").unwrap();
    }
    office.write(&drafts).unwrap();

    let import = Import {
        file: roster,
        community: code,
        apply: true,
        today: None,
    };
    let report = import_roster(home, &import, &mut |_, _| {}).unwrap();
    assert_eq!((report.rejected, report.held), (Vec::new(), 0));
    logins
}

fn add_account(
    home: &Home,
    code: CommunityCode,
    account: &str,
    name: &str,
    worker: WorkerId,
    hash: &str,
) -> InvitationCode {
    let account = Account {
        name: account.to_owned(),
        password_hash: hash.to_owned(),
        worker,
        display_name: name.to_owned(),
        community: code,
    };
    home.node_store()
        .write(|transaction| {
            node::insert_account(transaction, &account, clock::now_ms())?;
            node::mark_demo_account(transaction, &account.name)
        })
        .unwrap();
    invitations::stand(home, &account).unwrap()
}

fn roster_csv() -> String {
    let mut text = "网格,小区/院,楼栋,单元,门牌,姓名,性别,出生日期,电话,与户主关系,人员类别,备注\n".to_owned();
    for (building, grid) in GRIDS.iter().enumerate() {
        for floor in 1..=FLOORS {
            for door in 1..=DOORS_A_FLOOR {
                let number = floor * 100 + door;
                for (who, sex, relation, plan) in [("甲", "男", "户主", "独居,每7天探访一次"), ("乙", "女", "妻", ",")]
                {
                    writeln!(
                        text,
                        "{grid},协作院,{}号楼,1,{number},测{building}{who}{number},{sex},1950-0{door}-1{floor},199{building:02}{number:06},{relation},{plan}",
                        building + 1,
                    )
                    .unwrap();
                }
            }
        }
    }
    text
}

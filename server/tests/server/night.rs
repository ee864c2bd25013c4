//! The night: every day is closed exactly once, in order, whatever happens around it, and the
//! copy it keeps can be served.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{self, ROSTER, Server, code};
use actix_web::web;
use menpai_server::age::Identity;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::jobs::night::records::DailyReturn;
use menpai_server::jobs::night::{Which, backup, run};
use menpai_server::jobs::verify::verify;
use menpai_server::office::import::{Import, ensure_grids, import_roster};
use menpai_server::office::{Office, records};
use menpai_server::sync::{Community, Contact};
use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{DeviceId, GridId, WorkerId};
use menpai_sync_core::signature::Signer;
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Two in the morning, local, `days` after today's.
fn night(days: i64) -> Instant {
    let offset_ms = 8 * HOUR_MS;
    let today = (clock::now_ms() + offset_ms).div_euclid(DAY_MS) * DAY_MS - offset_ms;
    Instant {
        unix_ms: today + days * DAY_MS + 2 * HOUR_MS,
        offset_minutes: 480,
    }
}

/// The local day that a night closes.
fn closes(night: Instant) -> String {
    let before = Instant {
        unix_ms: night.unix_ms - DAY_MS,
        ..night
    };
    before.local_date().to_string()
}

/// Somebody with a phone.
struct Phone {
    worker: WorkerId,
    device: DeviceId,
}

/// A community with a roster and `grids` grids, each with one worker and a phone.
struct Town {
    _folder: tempfile::TempDir,
    home: Option<web::Data<Home>>,
    data: std::path::PathBuf,
    grids: Vec<GridId>,
    phones: Vec<Phone>,
}

impl Town {
    fn new(grids: usize) -> Town {
        let (folder, home) = support::home();
        let data = home.folder.path().to_owned();
        let roster = data.join("roster.csv");
        fs::write(&roster, ROSTER).unwrap();
        let names: Vec<String> = (1..=grids).map(|number| format!("第{number}网格")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ids = ensure_grids(&home, code(), &names).unwrap();
        let import = Import {
            file: &roster,
            community: code(),
            apply: true,
            today: None,
        };
        import_roster(&home, &import, &mut |_, _| {}).unwrap();
        let office = Office::of_home(&home, code()).unwrap();
        let from = Instant {
            unix_ms: clock::now_ms() - 30 * DAY_MS,
            offset_minutes: 480,
        };
        let mut town = Town {
            _folder: folder,
            data,
            grids: ids.iter().map(|id| GridId::from_bytes(*id.as_bytes())).collect(),
            phones: Vec::new(),
            home: Some(home),
        };
        let mut drafts = Vec::new();
        for (number, grid) in town.grids.iter().enumerate() {
            let (worker, device) = (clock::new_worker_id(), clock::new_device_id());
            let name = format!("网格员{}", number + 1);
            let body = records::assignment(worker, &name, "grid_worker", Some(*grid), from);
            drafts.push(office.record(records::ASSIGNMENT, None, body));
            let key = Signer::from_bytes(&clock::random()).unwrap();
            let body = json!({"device": device, "worker": worker, "type": "phone", "name": "手机",
                              "public_key": key.public_key()});
            drafts.push(office.record(records::DEVICE, None, object(body)));
            town.phones.push(Phone { worker, device });
        }
        office.write(&drafts).unwrap();
        town
    }

    fn home(&self) -> &Home {
        self.home.as_ref().unwrap()
    }

    fn community(&self) -> std::sync::Arc<Community> {
        self.home().communities.get(code()).unwrap().unwrap()
    }

    /// The phone contacts the home; nobody waits until that is noted, the night included.
    fn heard(&self, phone: usize, at: Instant) {
        let contact = Contact {
            received_ms: at.unix_ms,
            offset_ms: 0,
            last: Some(0),
        };
        self.community().note_contact(self.phones[phone].device, contact);
    }

    /// The office writes down a door check of an hour before midnight.
    fn check_door(&self, before: Instant, outcome: &str) {
        self.check_door_at(before, 3, outcome);
    }

    /// The same, of so many hours before the night.
    fn check_door_at(&self, before: Instant, hours: i64, outcome: &str) {
        let (door, grid) = self.one("SELECT id, grid FROM entity WHERE type = 'dwelling' ORDER BY number LIMIT 1");
        self.write(
            before,
            hours,
            "door_check",
            grid,
            json!({"dwelling_id": door, "mode": "door", "outcome": outcome}),
        );
    }

    fn write(&self, before: Instant, hours: i64, kind: &str, grid: GridId, body: Value) {
        let office = Office::of_home(self.home(), code()).unwrap();
        let at = Instant {
            unix_ms: before.unix_ms - hours * HOUR_MS,
            ..before
        };
        let draft: Draft = office.record_at(at, kind, Some(grid), object(body));
        office.decide(before, &[draft], |_| Ok(false)).unwrap();
    }

    fn one(&self, sql: &str) -> (menpai_sync_core::ids::EntityId, GridId) {
        self.community()
            .query(|connection| {
                Ok(connection.query_row(sql, [], |row| {
                    Ok((
                        menpai_sync_core::ids::EntityId::from_bytes(row.get(0)?),
                        GridId::from_bytes(row.get(1)?),
                    ))
                })?)
            })
            .unwrap()
    }

    fn run(&self, at: Instant) -> Vec<(String, String)> {
        let report = run(self.home(), at, Which::Yesterday).unwrap();
        assert!(report.is_clean(), "{report:?}");
        report.steps.into_iter().map(|step| (step.day, step.step)).collect()
    }

    /// How many returns each day has, and lists.
    fn written(&self) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let days = |sql: &str| {
            self.community()
                .query(|connection| {
                    let mut statement = connection.prepare(sql)?;
                    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                    Ok(rows.collect::<Result<_, _>>()?)
                })
                .unwrap()
        };
        (
            days("SELECT day, count(*) FROM record_daily_return GROUP BY day"),
            days("SELECT day, count(*) FROM record_due_visits GROUP BY day"),
        )
    }

    fn returns(&self, day: &str) -> BTreeMap<Option<GridId>, DailyReturn> {
        let found = menpai_server::jobs::night::returns_of(&self.community(), day).unwrap();
        assert!(!found.is_empty(), "{day} is not closed");
        found
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => panic!("an object"),
    }
}

fn command(data: &Path, at: Instant, dies_at: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_menpai"));
    command.args(["nightly", "--now", &at.to_string(), "--data"]).arg(data);
    if let Some(point) = dies_at {
        command.env("FAILPOINTS", format!("{point}=return(kill)"));
    }
    command.output().unwrap()
}

#[test]
fn a_night_run_twice_is_one_night() {
    let town = Town::new(2);
    let first = town.run(night(1));
    let steps: Vec<&str> = first.iter().map(|(_, step)| step.as_str()).collect();
    assert_eq!(steps, ["verify", "close", "list", "backup", "backup"]);
    let written = town.written();
    assert_eq!(written.0, BTreeMap::from([(closes(night(1)), 3)]));
    assert_eq!(written.1.len(), 1);
    assert_eq!(town.run(night(1)), []);
    assert_eq!(town.written(), written);
}

#[test]
fn what_the_log_has_is_not_written_again_when_the_notes_are_lost() {
    let mut town = Town::new(2);
    town.run(night(1));
    let written = town.written();
    town.home = None;
    let notes = rusqlite::Connection::open(town.data.join("node.sqlite")).unwrap();
    notes.execute("DELETE FROM night_run", []).unwrap();
    notes.close().unwrap();
    town.home = Some(web::Data::new(Home::open(&town.data).unwrap()));
    assert_eq!(town.run(night(1)).len(), 5);
    assert_eq!(town.written(), written);
}

#[test]
fn missed_nights_are_closed_each_in_order() {
    let town = Town::new(2);
    town.run(night(1));
    let steps = town.run(night(4));
    let closed: Vec<&String> = steps
        .iter()
        .filter(|(_, step)| step == "close")
        .map(|(day, _)| day)
        .collect();
    assert_eq!(closed, [&closes(night(2)), &closes(night(3)), &closes(night(4))]);
    let (returns, lists) = town.written();
    assert!(
        returns.values().all(|count| *count == 3) && returns.len() == 4,
        "{returns:?}"
    );
    // A list of a day that is over helps nobody.
    assert_eq!(lists.len(), 2);
}

#[test]
fn the_schedule_does_not_close_days_before_there_was_a_community() {
    let town = Town::new(1);
    let report = run(town.home(), night(0), Which::Missed).unwrap();
    assert_eq!(report.steps, []);
    let report = run(town.home(), night(2), Which::Missed).unwrap();
    let closed = report.steps.iter().filter(|step| step.step == "close").count();
    assert_eq!(closed, 2);
}

#[test]
fn killed_anywhere_in_the_night_the_next_run_ends_it_exactly_once() {
    let mut town = Town::new(2);
    town.check_door(night(1), "met");
    town.home = None;
    let points = [
        "verify",
        "close",
        "close: counted",
        "close: written",
        "list",
        "list: written",
        "backup",
        "backup: copied",
        "backup: renamed",
    ];
    for (number, point) in points.iter().enumerate() {
        let at = night(1 + i64::try_from(number).unwrap());
        let died = command(&town.data, at, Some(point));
        assert_eq!(died.status.signal(), Some(9), "{point} was not reached");
        let again = command(&town.data, at, None);
        assert!(
            again.status.success(),
            "{point}: {}",
            String::from_utf8_lossy(&again.stdout)
        );
    }
    town.home = Some(web::Data::new(Home::open(&town.data).unwrap()));
    let (returns, lists) = town.written();
    assert_eq!((returns.len(), lists.len()), (points.len(), points.len()));
    assert!(returns.values().all(|count| *count == 3), "{returns:?}");
    let copies = copies(&town.data);
    assert_eq!(copies.len(), 7);
    for copy in copies {
        let names: Vec<String> = files(&copy.join("communities"));
        assert_eq!(names, ["410102002005.sqlite", "410102002005.sqlite.sha256"]);
    }
    assert_eq!(verify(&town.community()).unwrap().findings, []);
}

fn copies(data: &Path) -> Vec<std::path::PathBuf> {
    files(&data.join("backups"))
        .into_iter()
        .map(|name| data.join("backups").join(name))
        .collect()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn grids_add_up_to_the_community() {
    let town = Town::new(3);
    town.check_door_at(night(1), 9, "absent");
    town.check_door_at(night(1), 8, "met");
    let (place, grid) = town.one("SELECT id, grid FROM entity WHERE type = 'dwelling' ORDER BY number DESC LIMIT 1");
    let hazard = json!({"place_id": place, "hazard_kind": "gas", "severity": "high"});
    town.write(night(1), 5, "hazard", grid, hazard);
    // The day before: in no figure.
    town.check_door(night(0), "refused");
    town.run(night(1));
    let mut returns = town.returns(&closes(night(1)));
    let whole = returns.remove(&None).unwrap();
    let mut rest = whole.figures;
    for grid in returns.values() {
        rest = rest.less(&grid.figures);
    }
    assert_eq!(rest, Default::default());
    let figures = whole.figures;
    // One door, twice tried: it counts once, by the last try.
    assert_eq!(
        (figures.doors, figures.checked, figures.absent, figures.closed),
        (3, 1, 0, 1)
    );
    assert_eq!((figures.refused, figures.incidents), (0, 1));
}

#[test]
fn of_twenty_four_grids_the_one_that_is_missing_is_named() {
    let town = Town::new(24);
    for phone in (0..24).filter(|phone| *phone != 17) {
        town.heard(phone, night(1));
    }
    // Long before the day began.
    town.heard(17, night(-3));
    town.run(night(1));
    let returns = town.returns(&closes(night(1)));
    let whole = &returns[&None];
    assert_eq!((whole.grids, whole.grids_returned), (Some(24), Some(23)));
    assert_eq!((whole.phones, whole.phones_silent), (24, 1));
    let missing: Vec<_> = returns.iter().filter(|(_, one)| one.returned == Some(false)).collect();
    let [(grid, missing)] = missing.as_slice() else {
        panic!("{missing:?}")
    };
    assert_eq!(**grid, Some(town.grids[17]));
    let named = &missing.not_heard_from[0];
    assert_eq!(
        (named.worker, named.device),
        (town.phones[17].worker, Some(town.phones[17].device))
    );
    assert_eq!(named.worker_name, "网格员18");
    assert_eq!(named.since.map(|since| since.unix_ms), Some(night(-3).unix_ms));
}

#[test]
fn who_is_due_is_on_the_list_of_the_grid() {
    let town = Town::new(2);
    town.run(night(5));
    let (due, overdue, visits): (i64, i64, i64) = town
        .community()
        .query(|connection| {
            Ok(connection.query_row(
                "SELECT sum(due), sum(overdue), (SELECT count(*) FROM record_due_visits_visits) FROM record_due_visits",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?)
        })
        .unwrap();
    // 赵一 is to be visited every two days and never was.
    assert_eq!((due, overdue, visits), (0, 1, 1));
}

#[test]
fn what_does_not_verify_is_loud_and_stops_neither_closing_nor_the_copy() {
    let mut town = Town::new(1);
    town.check_door(night(1), "met");
    town.home = None;
    let file = rusqlite::Connection::open(town.data.join("communities/410102002005.sqlite")).unwrap();
    file.execute("DELETE FROM record_door_check", []).unwrap();
    file.execute(
        "DELETE FROM merged_entry WHERE kind = (SELECT number FROM kind WHERE name = 'door_check')",
        [],
    )
    .unwrap();
    file.close().unwrap();
    let ran = command(&town.data, night(1), None);
    assert_eq!(ran.status.code(), Some(2), "{ran:?}");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(said.contains("verify FAILED"), "{said}");
    assert!(
        said.contains("close  done") && said.contains("list   done") && said.contains("backup done"),
        "{said}"
    );
}

#[test]
fn a_server_starts_on_the_copy() {
    let mut town = Town::new(2);
    town.check_door(night(1), "met");
    town.run(night(1));
    let lines = verify(&town.community()).unwrap().lines;
    town.home = None;
    let copy = &copies(&town.data)[0];
    let hashed = Command::new("sha256sum")
        .args(["-c", "410102002005.sqlite.sha256"])
        .current_dir(copy.join("communities"))
        .output()
        .unwrap();
    assert!(hashed.status.success(), "{hashed:?}");

    // In its place among the copies it is never opened: it stays as it was.
    assert!(Home::open(copy).is_err());
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("data");
    let copied = Command::new("cp").arg("-a").arg(copy).arg(&elsewhere).status().unwrap();
    assert!(copied.success());
    let server = Server::start(&elsewhere, &["--nightly", "off"]);
    let (head, _) = support::get(&mut support::connect(&server.http), "/healthz");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    drop(server);
    let home = Home::open(&elsewhere).unwrap();
    let community = home.communities.get(code()).unwrap().unwrap();
    let report = verify(&community).unwrap();
    assert_eq!((report.findings, report.lines), (Vec::new(), lines));
}

/// What lies in a copy, as paths in it.
fn all_files(copy: &Path) -> Vec<String> {
    let below = ["", "communities/", "tls/"].into_iter().flat_map(|folder| {
        let names = files(&copy.join(folder)).into_iter();
        names.map(move |name| format!("{folder}{name}"))
    });
    below.filter(|name| copy.join(name).is_file()).collect()
}

/// A key that is on no server, and its other half.
fn away_from_here() -> (String, String) {
    let secret = clock::random::<32>();
    let identity = Identity::from_bytes(secret);
    (identity.to_secret_text(), identity.recipient().to_string())
}

#[test]
fn a_sealed_copy_says_nothing_and_a_server_starts_on_what_it_opens_to() {
    let mut town = Town::new(2);
    let [(own, first), (spare, second)] = [away_from_here(), away_from_here()];
    let keys = format!("# the secretary's, and the spare in the safe\n{first}\n\n{second}\n");
    fs::write(town.data.join("backup-recipients.txt"), keys).unwrap();
    town.home = None;
    town.home = Some(web::Data::new(Home::open(&town.data).unwrap()));
    town.check_door(night(1), "met");
    town.run(night(1));
    let lines = verify(&town.community()).unwrap().lines;
    town.home = None;

    let copy = &copies(&town.data)[0];
    let mut sealed = Vec::new();
    for name in all_files(copy) {
        let bytes = fs::read(copy.join(&name)).unwrap();
        for plain in ["赵一", "13000000001", "SQLite format 3", "receipt", "PRIVATE KEY"] {
            let has = bytes.windows(plain.len()).any(|window| window == plain.as_bytes());
            assert!(!has, "{plain} in {name}");
        }
        assert!(name.ends_with(".age") || name.ends_with(".age.sha256"), "{name}");
        sealed.push(name);
    }
    for name in [
        "communities/410102002005.sqlite",
        "node.sqlite",
        "receipt-key",
        "sealing-key",
    ] {
        assert!(sealed.contains(&format!("{name}.age")), "{name}: {sealed:?}");
    }

    let folder = tempfile::tempdir().unwrap();
    let restore = |identity: Option<&str>, to: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_menpai"));
        command.arg("restore").arg(copy).arg("--to").arg(folder.path().join(to));
        if let Some(identity) = identity {
            let file = folder.path().join("identity.txt");
            fs::write(&file, format!("# created by age-keygen\n{identity}\n")).unwrap();
            command.arg("--identity").arg(file);
        }
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert!(restore(None, "closed").1.contains("--identity"));
    let (stranger, _) = away_from_here();
    assert!(restore(Some(&stranger), "strange").1.contains("sealed for other keys"));
    assert!(!folder.path().join("strange").exists() && !folder.path().join("strange.restoring").exists());
    for (identity, to) in [(&own, "one"), (&spare, "other")] {
        let (done, said) = restore(Some(identity), to);
        assert!(done, "{said}");
    }
    assert!(!restore(Some(&own), "one").0, "nothing is written over");
    // A byte that changed on the way is found.
    let file = copy.join("communities/410102002005.sqlite.age");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(restore(Some(&own), "changed").1.contains("was changed"));

    let elsewhere = folder.path().join("one");
    let server = Server::start(&elsewhere, &["--nightly", "off"]);
    let (head, _) = support::get(&mut support::connect(&server.http), "/healthz");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    drop(server);
    let home = Home::open(&elsewhere).unwrap();
    let community = home.communities.get(code()).unwrap().unwrap();
    let report = verify(&community).unwrap();
    assert_eq!((report.findings, report.lines), (Vec::new(), lines));
    let named = community.query(|connection| {
        let count = "SELECT count(*) FROM registry_value WHERE value ->> '$' = '赵一'";
        Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(named.unwrap(), 1);
}

#[test]
fn a_home_that_is_to_seal_for_nobody_real_does_not_open() {
    let (folder, home) = support::home();
    let data = home.folder.path().to_owned();
    drop(home);
    let (_, recipient) = away_from_here();
    let file = data.join("backup-recipients.txt");
    for wrong in ["me@example.org", &recipient[..60], &recipient.replace("age1", "age2")] {
        fs::write(&file, format!("{recipient}\n{wrong}\n")).unwrap();
        let said = Home::open(&data)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(said.contains("backup-recipients.txt line 2"), "{wrong}: {said}");
    }
    fs::write(&file, &recipient).unwrap();
    Home::open(&data).unwrap();
    drop(folder);
}

#[test]
fn a_running_server_does_the_night_that_is_asked_for() {
    let mut town = Town::new(1);
    town.home = None;
    let server = Server::start(&town.data, &["--nightly", "00:00"]);
    for _ in 0..2 {
        let ran = command(&town.data, night(1), None);
        assert!(ran.status.success(), "{ran:?}");
    }
    drop(server);
    town.home = Some(web::Data::new(Home::open(&town.data).unwrap()));
    assert_eq!(town.written().0.values().copied().collect::<Vec<_>>(), [3]);
    backup::prune(&town.data.join("backups"), &[code()]).unwrap();
    assert_eq!(copies(&town.data).len(), 1);
}

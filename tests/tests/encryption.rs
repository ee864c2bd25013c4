//! A home whose databases are encrypted: no file of it says a name, nothing is lost on the way there and back, and
//! without the key there is no way in. The real program, killed in the midst.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use menpai_server::age::Identity;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::jobs::verify;
use menpai_server::simulate::{Client, read_logins};
use menpai_server::store::database_key::{DatabaseKey, KEY_FILE_VARIABLE, KEY_NAME};
use menpai_tests::process::{How, Server};
use menpai_tests::workload::Worker;
use menpai_tests::{data_folder, process};

/// A resident, a telephone and a place of the roster.
const CANARIES: [&str; 3] = ["测0甲101", "19900000101", "协作院"];
/// What the test itself wrote into the folder.
const OWN_FILES: [&str; 2] = ["roster.csv", "logins-410102002005.txt"];

#[test]
fn an_encrypted_home_says_nothing_to_who_has_its_disk_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let logins = read_logins(&data_folder::make(&data)).unwrap();
    let (key_file, other_file) = (folder.path().join("key"), folder.path().join("other-key"));
    for file in [&key_file, &other_file] {
        let made = Command::new(process::program())
            .args(["database", "new-key"])
            .output()
            .unwrap();
        fs::write(file, made.stdout).unwrap();
    }
    let environment = |file: &Path| (KEY_FILE_VARIABLE.to_owned(), file.display().to_string());
    let keyed = |file: &Path, points: &str, arguments: &[&str]| {
        let (name, value) = environment(file);
        process::command_in(&[(&name, &value), ("FAILPOINTS", points)], arguments, &data)
    };

    let plain = How {
        more: vec!["--nightly".to_owned(), "off".to_owned()],
        ..How::default()
    };
    let encrypted = How {
        environment: vec![environment(&key_file)],
        ..plain.clone()
    };
    let mut server = Server::start_as(&data, plain.clone());
    let client = Client::new(server.http(), None).unwrap();
    let mut worker = Worker::enrol(&client, &logins[0], 1).with_own_clock();
    worker.sync();
    worker.work_a_day();
    worker.sync();
    server.kill();
    assert_eq!(
        says(&data),
        CANARIES,
        "a plain folder says them: this looks where they are"
    );

    // Cut off after the first of two files: that one is done, the other is as it was.
    let cut = keyed(
        &key_file,
        "database: rewritten=1*off->return(kill)",
        &["database", "encrypt"],
    );
    assert_eq!(cut.status.signal(), Some(9), "{cut:?}");
    let refused = process::command(&["verify"], &data);
    assert!(said(&refused).contains(KEY_FILE_VARIABLE), "{refused:?}");
    let done = keyed(&key_file, "", &["database", "encrypt"]);
    assert!(said(&done).contains("1 databases encrypted"), "{done:?}");
    assert_eq!(says(&data), [""; 0]);
    let wrong = keyed(&other_file, "", &["verify"]);
    assert!(said(&wrong).contains("the key does not open it"), "{wrong:?}");

    server.restart_as(encrypted);
    worker.check_a_door();
    assert!(worker.sync().requests > 0);
    worker.work_a_day();
    worker.sync();
    assert_eq!(worker.sync().requests, 1, "the home's log is the same");
    server.kill();
    assert!(
        data.join("communities/410102002005.sqlite-wal")
            .metadata()
            .unwrap()
            .len()
            > 0
    );
    assert_eq!(says(&data), [""; 0], "with what is in the write-ahead log");

    let identity = Identity::from_bytes(clock::random());
    fs::write(
        data.join("backup-recipients.txt"),
        format!("{}\n", identity.recipient()),
    )
    .unwrap();
    assert!(keyed(&key_file, "", &["nightly"]).status.success());
    assert_eq!(says(&data), [""; 0]);
    let elsewhere = folder.path().join("elsewhere");
    let lines = restored(&data, &identity, &elsewhere);

    // Cut off on the way back, and then thought better of: what was plain by then does not lie about.
    let cut = keyed(
        &key_file,
        "database: rewritten=1*off->return(kill)",
        &["database", "decrypt"],
    );
    assert_eq!(cut.status.signal(), Some(9), "{cut:?}");
    assert_eq!(says(&data), CANARIES);
    let done = keyed(&key_file, "", &["database", "encrypt"]);
    assert!(said(&done).contains("1 databases encrypted"), "{done:?}");
    assert_eq!(says(&data), [""; 0]);

    let turned = keyed(
        &other_file,
        "",
        &["database", "encrypt", "--old-key", key_file.to_str().unwrap()],
    );
    assert!(said(&turned).contains("2 databases encrypted"), "{turned:?}");
    assert!(!keyed(&key_file, "", &["verify"]).status.success());
    assert!(keyed(&other_file, "", &["verify"]).status.success());
    let back = keyed(&other_file, "", &["database", "decrypt"]);
    assert!(said(&back).contains("2 databases made plain"), "{back:?}");
    assert_eq!(says(&data), CANARIES);
    let home = Home::open_with_key(&data, None).unwrap();
    let report = verify::verify(&home.communities.get(data_folder::code()).unwrap().unwrap()).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert!(report.lines >= lines, "{} and {lines} in the copy", report.lines);
    drop(home);

    server.restart_as(plain);
    assert_eq!(worker.sync().requests, 1, "and still is");
}

/// What a sealed copy opens to, with nothing but its identity: lines of its log.
fn restored(data: &Path, identity: &Identity, to: &Path) -> u64 {
    let days = fs::read_dir(data.join("backups")).unwrap();
    let copy = days.map(|day| day.unwrap().path()).max().unwrap();
    let identity_file = to.with_extension("identity");
    fs::write(&identity_file, identity.to_secret_text()).unwrap();
    let output = Command::new(process::program())
        .args(["restore", copy.to_str().unwrap(), "--to", to.to_str().unwrap()])
        .args(["--identity", identity_file.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(said(&output).contains(KEY_NAME), "{output:?}");
    assert_eq!(says(to), [""; 0]);
    let key = DatabaseKey::read(&to.join(KEY_NAME)).unwrap();
    let home = Home::open_with_key(to, Some(key)).unwrap();
    let report = verify::verify(&home.communities.get(data_folder::code()).unwrap().unwrap()).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    report.lines
}

/// The canaries that are in any file of a folder.
fn says(folder: &Path) -> Vec<&'static str> {
    let contents: Vec<Vec<u8>> = files(folder).iter().map(|path| fs::read(path).unwrap()).collect();
    let texts: Vec<_> = contents.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
    let is_said = |canary: &&str| texts.iter().any(|text| text.contains(canary));
    CANARIES.into_iter().filter(is_said).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    let is_own = |path: &PathBuf| OWN_FILES.contains(&path.file_name().unwrap().to_str().unwrap());
    // A control socket of a server that was killed is no file to read.
    entries
        .flat_map(below)
        .filter(|path| path.is_file() && !is_own(path))
        .collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

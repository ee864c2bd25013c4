//! Sealed copies are carried to another machine over TLS that both sides show a certificate for: a stranger gets
//! nothing, what was cut off goes on, what was changed is noticed, and a home starts again from what was carried.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use menpai_server::age::Identity;
use menpai_server::clock;
use menpai_server::copies::hash_of;
use menpai_tests::process::{How, Server};
use menpai_tests::{data_folder, process};

#[test]
fn a_known_machine_carries_sealed_copies_away_and_a_home_starts_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(data_folder::make(&data));
    let identity = Identity::from_bytes(clock::random());
    fs::write(
        data.join("backup-recipients.txt"),
        format!("{}\n", identity.recipient()),
    )
    .unwrap();
    let how = How {
        more: ["--nightly", "off", "--copies", "127.0.0.1:0"]
            .map(str::to_owned)
            .into(),
        ..How::default()
    };
    let server = Server::start_as(&data, how);
    assert!(process::command(&["nightly"], &data).status.success());
    let (_, authority) = server.https();
    let here = folder.path().join("here");
    let fetch = || {
        let from = ["copies", "fetch", "--from", server.copies().unwrap()];
        let rest = [
            "--authority",
            authority.to_str().unwrap(),
            "--to",
            here.to_str().unwrap(),
        ];
        Command::new(process::program()).args(from).args(rest).output().unwrap()
    };

    let own = certificate(&here);
    assert!(!fetch().status.success(), "a stranger");
    assert_eq!(days(&here), [""; 0]);
    fs::create_dir(data.join("machines")).unwrap();
    let stranger = certificate(&folder.path().join("stranger"));
    fs::write(data.join("machines/other.pem"), &stranger).unwrap();
    assert!(!fetch().status.success(), "another is known, this one is not");
    fs::write(data.join("machines/street.pem"), &own).unwrap();

    // As if the connection had broken in the midst of the largest file.
    let day = days(&data.join("backups")).pop().unwrap();
    let name = "communities/410102002005.sqlite.age";
    let there = data.join("backups").join(&day).join(name);
    let sealed = fs::read(&there).unwrap();
    let hash = fs::read_to_string(there.with_added_extension("sha256")).unwrap();
    let beside = |ending: &str| {
        here.join(&day)
            .join(format!("communities/.410102002005.sqlite.age.{ending}"))
    };
    let part = beside(&format!("{}.part", &hash[..64]));
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &sealed[..sealed.len() / 2]).unwrap();
    let fetched = fetch();
    assert!(fetched.status.success(), "{fetched:?}");
    assert_eq!(fs::read(here.join(&day).join(name)).unwrap(), sealed);
    assert!(said(&fetch()).contains("0 files"), "all is here");

    // Cut off between a file and its hash: without it a restore would not take the file for whole.
    let hash_here = here.join(&day).join(name).with_added_extension("sha256");
    fs::remove_file(&hash_here).unwrap();
    assert!(said(&fetch()).contains("0 files"));
    assert_eq!(fs::read_to_string(&hash_here).unwrap(), hash);

    // Damaged here: fetched again. Damaged there: never taken for whole.
    fs::write(here.join(&day).join(name), "damaged").unwrap();
    assert!(said(&fetch()).contains("1 files"));
    let mut changed = sealed.clone();
    changed[sealed.len() / 2] ^= 1;
    fs::write(&there, &changed).unwrap();
    fs::remove_file(here.join(&day).join(name)).unwrap();
    assert!(said(&fetch()).contains("another hash"));
    assert!(!here.join(&day).join(name).exists());
    fs::write(&there, &sealed).unwrap();
    assert!(said(&fetch()).contains("1 files"));

    // A home that was taken over does not reach what was carried before: it stays under another name.
    let hash_there = there.with_added_extension("sha256");
    let copy_again = |bytes: &[u8]| {
        fs::write(&there, bytes).unwrap();
        let hash = hash_of(&there).unwrap();
        fs::write(&hash_there, format!("{hash}  410102002005.sqlite.age\n")).unwrap();
        assert!(said(&fetch()).contains("1 files"));
        assert_eq!(fs::read(here.join(&day).join(name)).unwrap(), bytes);
        hash
    };
    let other_hash = copy_again(&changed);
    let earlier = beside(&format!("{}.earlier", &hash[..64]));
    assert_eq!(fs::read(&earlier).unwrap(), sealed);
    copy_again(&sealed);
    assert_eq!(fs::read(beside(&format!("{other_hash}.earlier"))).unwrap(), changed);
    // One that says more than it has, or what is no hash, ends it.
    fs::write(&hash_there, "/../../../elsewhere  410102002005.sqlite.age\n").unwrap();
    assert!(said(&fetch()).contains("no file of a copy"));
    fs::write(&hash_there, &hash).unwrap();

    // What is not sealed is not handed out, and a machine that is not known any more gets nothing.
    assert!(!here.join(&day).join("receipt-key").exists());
    fs::remove_file(data.join("machines/street.pem")).unwrap();
    assert!(!fetch().status.success());
    drop(server);

    let again = folder.path().join("again");
    let identity_file = folder.path().join("identity");
    fs::write(&identity_file, identity.to_secret_text()).unwrap();
    let restored = Command::new(process::program())
        .args([
            "restore",
            here.join(&day).to_str().unwrap(),
            "--to",
            again.to_str().unwrap(),
        ])
        .args(["--identity", identity_file.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(restored.status.success(), "{restored:?}");
    assert!(process::command(&["verify"], &again).status.success());
}

/// A machine's own certificate, made at first use.
fn certificate(folder: &Path) -> String {
    let made = Command::new(process::program())
        .args(["copies", "certificate", "--to", folder.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap()
}

fn days(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

//! `end_role DATA COMMUNITY ACCOUNT`: the office ends what an account's worker is assigned to, for
//! abuse, a minute ago. For browser stories: the desk ends roles from now on only. No server may run on
//! that data.

use std::path::Path;
use std::process::ExitCode;

use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::Office;
use menpai_server::store::node;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::time::Instant;
use serde_json::json;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, community, account] = arguments.as_slice() else {
        eprintln!("usage: end_role DATA COMMUNITY ACCOUNT");
        return ExitCode::from(2);
    };
    match end(Path::new(data), community, account) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn end(data: &Path, community: &str, account: &str) -> Result<(), Box<dyn std::error::Error>> {
    let home = Home::open(data)?;
    let code = community.parse()?;
    let office = Office::of_night(&home, code)?;
    let accounts = home
        .node_store()
        .read(|connection| node::list_accounts(connection, code))?;
    let worker = accounts
        .iter()
        .find(|known| known.name == account)
        .ok_or("no such account")?
        .worker;
    let given = office.community.query(|connection| {
        let mut codec = menpai_server::store::community::BodyCodec::new()?;
        let mut given = Vec::new();
        menpai_server::store::community::erased::for_each_kept(connection, &mut codec, |_, bytes| {
            let entry = Entry::parse(&bytes).ok();
            given.extend(entry.filter(|entry| entry.kind == "assignment" && entry.body["worker"] == json!(worker)));
            Ok(())
        })?;
        Ok(given)
    })?;
    let now = clock::now();
    let until = Instant {
        unix_ms: now.unix_ms - 60_000,
        ..now
    };
    let mut drafts = Vec::new();
    for entry in given {
        let mut body = entry.body.clone();
        body.insert("until".to_owned(), json!(until));
        body.insert("end_reason".to_owned(), json!("abuse"));
        let mut draft = office.record("assignment", None, body);
        draft.supersedes = Some(entry.id);
        drafts.push(draft);
    }
    office.write(&drafts)?;
    Ok(())
}

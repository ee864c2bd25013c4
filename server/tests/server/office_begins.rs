//! An office begins with an empty folder and the command line: a community, its roster, its
//! people; then they sign in.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{CODE, ROSTER, Server};
use actix_web::http::header::{HOST, ORIGIN};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web;
use menpai_server::auth::enrolment;
use menpai_server::home::Home;
use menpai_server::router::app;
use menpai_server::routes::static_files::WebFolder;
use serde_json::json;

/// Runs `menpai`; its exit code and what it said on either stream.
fn menpai(data: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn add<'a>(account: &'a str, role: &'a str, grid: Option<&'a str>) -> Vec<&'a str> {
    let mut arguments = vec![
        "account",
        "add",
        account,
        "--community",
        CODE,
        "--name",
        "刘敏",
        "--role",
        role,
    ];
    arguments.extend(grid.into_iter().flat_map(|grid| ["--grid", grid]));
    arguments
}

/// The password that a command printed.
fn password(said: &str) -> String {
    said.split_whitespace().nth(1).unwrap().to_owned()
}

#[actix_web::test]
async fn an_empty_folder_becomes_an_office_that_people_sign_in_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let roster = folder.path().join("roster.csv");
    fs::write(&roster, ROSTER).unwrap();

    assert_eq!(menpai(&data, &["community", "found", CODE]).0, 0);
    let (status, said) = menpai(&data, &["community", "found", CODE]);
    assert_eq!(status, 0);
    assert!(said.contains("is here already"), "{said}");
    let imported = menpai(
        &data,
        &[
            "import",
            "roster",
            roster.to_str().unwrap(),
            "--community",
            CODE,
            "--apply",
        ],
    );
    assert_eq!(imported.0, 0, "{}", imported.1);

    // One by a running server, one without.
    let server = Server::start(&data, &[]);
    let (status, said) = menpai(&data, &add("he", "community_secretary", None));
    assert_eq!(status, 0, "{said}");
    let first = password(&said);
    drop(server);
    let (status, said) = menpai(&data, &add("liu", "grid_worker", Some("第1网格")));
    assert_eq!(status, 0, "{said}");
    let phones = password(&said);
    let (_, listed) = menpai(&data, &["account", "list", "--community", CODE]);
    assert!(listed.contains("grid_worker 第1网格"), "{listed}");
    assert!(!listed.contains(&phones));

    let (status, said) = menpai(&data, &["account", "password", "he"]);
    assert_eq!(status, 0, "{said}");
    let second = password(&said);

    // A phone is invited where no desk is at hand; its code is said once, and holds.
    let address = "https://menpai.example/";
    let (status, said) = menpai(&data, &["invite", "liu", "--address", address]);
    assert_eq!(status, 0, "{said}");
    let code = said.split_whitespace().next().unwrap().to_owned();
    assert!(
        said.contains(&format!("https://menpai.example/#/enrol/{code}")),
        "{said}"
    );

    let home = web::Data::new(Home::open(&data).unwrap());
    let from = "127.0.0.1".parse().unwrap();
    let invitation = enrolment::look(&home, &code.parse().unwrap(), from).unwrap();
    assert_eq!(invitation.account.name, "liu");
    let app = init_service(app(home, web::Data::new(WebFolder::default()))).await;
    for (account, password, expected) in [("he", &first, 401), ("he", &second, 200), ("liu", &phones, 403)] {
        let request = TestRequest::post()
            .uri("/api/v1/desk/sessions")
            .insert_header((HOST, "127.0.0.1:8080"))
            .insert_header((ORIGIN, "http://127.0.0.1:8080"))
            .set_json(json!({ "account": account, "password": password }));
        let status = call_service(&app, request.to_request()).await.status();
        assert_eq!(status.as_u16(), expected, "{account}");
    }
}

#[test]
fn what_cannot_be_an_account_is_refused_with_what_can() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(menpai(&data, &["community", "found", CODE]).0, 0);
    let elsewhere = ["account", "list", "--community", "410102002006"];
    for (arguments, what) in [
        (add("刘", "community_staff", None), "32 letters"),
        (add("liu", "king", None), "grid_worker"),
        (add("liu", "grid_worker", None), "--grid"),
        (add("liu", "community_staff", Some("第1网格")), "leave --grid out"),
        (add("liu", "volunteer", Some("第9网格")), "there is no grid 第9网格"),
        (vec!["account", "password", "nobody"], "there is no account nobody"),
        (vec!["invite", "nobody"], "there is no account nobody"),
        (elsewhere.to_vec(), "no community 410102002006"),
    ] {
        let (status, said) = menpai(&data, &arguments);
        assert_eq!(status, 1, "{said}");
        assert!(said.contains(what), "{said}");
    }
    assert_eq!(menpai(&data, &add("he", "community_staff", None)).0, 0);
    let (status, said) = menpai(&data, &add("he", "community_staff", None));
    assert_eq!(status, 1);
    assert!(said.contains("account password he"), "{said}");
}

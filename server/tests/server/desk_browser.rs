//! A browser at the desk: it keeps cookies, and says which address it was opened by.

use std::net::SocketAddr;

use actix_web::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web;
use menpai_server::home::Home;
use menpai_server::router::app;
use menpai_server::routes::static_files::WebFolder;
use serde_json::{Value, json};

/// The desk of somebody: what their browser keeps, and where it stands.
pub(crate) struct Browser<'h> {
    home: &'h web::Data<Home>,
    pub(crate) cookies: Vec<String>,
    address: &'static str,
    /// Host and port in its address bar.
    pub(crate) host: &'static str,
}

impl<'h> Browser<'h> {
    pub(crate) fn new(home: &'h web::Data<Home>, address: &'static str) -> Browser<'h> {
        Browser {
            home,
            cookies: Vec::new(),
            address,
            host: "127.0.0.1:8080",
        }
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let app = init_service(app(self.home.clone(), web::Data::new(WebFolder::default()))).await;
        let from: SocketAddr = format!("{}:9", self.address).parse().unwrap();
        let mut request = TestRequest::default()
            .method(method.parse().unwrap())
            .uri(&format!("/api/v1/desk/{path}"))
            .peer_addr(from)
            .insert_header((HOST, self.host))
            .insert_header((ORIGIN, format!("http://{}", self.host)))
            .insert_header((COOKIE, self.cookies.join("; ")));
        if let Some(body) = body {
            request = request.set_json(body);
        }
        let answer = call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        for set in answer.headers().get_all(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let name = pair.split_once('=').unwrap().0.to_owned();
            self.cookies.retain(|known| !known.starts_with(&format!("{name}=")));
            self.cookies.push(pair);
        }
        (
            status,
            serde_json::from_slice(&read_body(answer).await).unwrap_or(Value::Null),
        )
    }

    pub(crate) async fn get(&mut self, path: &str) -> (u16, Value) {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", path, Some(body)).await
    }

    pub(crate) async fn sign_in(&mut self, account: &str, password: &str, code: Option<&str>) -> (u16, Value) {
        let body = json!({ "account": account, "password": password, "code": code });
        self.post("sessions", body).await
    }
}

/// Status and code of a refusal.
pub(crate) fn code_of(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

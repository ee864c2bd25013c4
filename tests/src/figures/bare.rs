//! The floor of ingest: a handler that inflates a body and appends its lines to a table in one
//! transaction, with the server's SQLite settings, in a process of its own. It checks nothing.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use flate2::read::MultiGzDecoder;
use menpai_server::store::connection::open_writer;
use rusqlite::{Connection, TransactionBehavior};

use crate::process::cpu_seconds;

/// The argument that makes the figures program this handler.
pub const BARE: &str = "bare";

/// The running handler.
pub(super) struct Bare {
    child: Child,
    http: String,
}

impl Bare {
    pub(super) fn start(file: &Path) -> Bare {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(BARE)
            .arg(file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut http = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut http)
            .unwrap();
        Bare {
            child,
            http: http.trim().to_owned(),
        }
    }

    pub(super) fn http(&self) -> &str {
        &self.http
    }

    pub(super) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(self.child.id())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed; says its address on stdout.
///
/// # Errors
/// Whatever keeps it from serving.
pub fn serve_bare(file: &Path) -> std::io::Result<()> {
    let connection = open_writer(file, None).map_err(std::io::Error::other)?;
    connection
        .execute_batch("CREATE TABLE line (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
        .map_err(std::io::Error::other)?;
    let connection = Arc::new(Mutex::new(connection));
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::PayloadConfig::new(1 << 20))
                .app_data(web::Data::new(Arc::clone(&connection)))
                .route("/api/v1/sync", web::post().to(append))
        })
        .bind(("127.0.0.1", 0))?;
        println!("http://{}", server.addrs()[0]);
        server.run().await
    })
}

async fn append(connection: web::Data<Arc<Mutex<Connection>>>, body: web::Bytes) -> HttpResponse {
    let connection = Arc::clone(&connection);
    let appended = web::block(move || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut text = Vec::new();
        MultiGzDecoder::new(&body[..]).read_to_end(&mut text)?;
        let mut connection = connection.lock().map_err(|_| "poisoned")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            transaction
                .prepare_cached("INSERT INTO line (bytes) VALUES (?1)")?
                .execute([line])?;
        }
        Ok(transaction.commit()?)
    });
    match appended.await {
        Ok(Ok(())) => HttpResponse::Ok().finish(),
        _ => HttpResponse::InternalServerError().finish(),
    }
}

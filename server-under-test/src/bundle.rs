//! The files of the client, to be served to browsers.

use std::{
    collections::HashMap,
    fmt, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::Path,
};

use bytes::Bytes;

use crate::fault::Fault;

/// The script that every server with a client serves.
const USUAL: &str = "socket.io.js";

/// The content type of scripts.
pub(crate) const SCRIPT: &str = "application/javascript; charset=utf-8";
const MAP: &str = "application/json; charset=utf-8";

/// The files of a folder such as `node_modules/socket.io-client/dist`, in memory.
#[derive(Clone)]
pub struct Bundle {
    files: HashMap<String, File>,
}

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) content: Bytes,
    pub(crate) content_type: &'static str,
    /// Changes when the content does; with the quotation marks.
    pub(crate) etag: String,
}

impl Bundle {
    /// Reads the scripts of a folder, and their maps.
    ///
    /// # Errors
    ///
    /// The folder or a file in it cannot be read, or it holds no script.
    pub fn read(folder: impl AsRef<Path>) -> io::Result<Self> {
        let mut files = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some(content_type) = content_type(&name) else { continue };
            if entry.file_type()?.is_dir() {
                continue;
            }
            files.insert(name, File::new(fs::read(entry.path())?.into(), content_type));
        }
        match files.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "the folder holds no scripts")),
            false => Ok(Self { files }),
        }
    }

    /// The scripts of these names, and their maps, with what is in them; other names are left out.
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let files = files.into_iter().filter_map(|(name, content)| {
            let content_type = content_type(&name)?;
            Some((name, File::new(content, content_type)))
        });
        Self { files: files.collect() }
    }

    /// The file of this name, if there is one; `queried` says whether the request has a query, which matters only with a
    /// fault.
    pub(crate) fn find(&self, name: &str, queried: bool, fault: Option<Fault>) -> Option<File> {
        let file = self.files.get(name).cloned();
        match fault {
            Some(Fault::ClientNotServed) if name == USUAL => None,
            Some(Fault::ClientBundlesMissing) if name != USUAL && name.ends_with(".js") => None,
            Some(Fault::ClientQueryCounts) if queried => None,
            Some(Fault::ClientUnknownEmpty) if name.ends_with(".js") => {
                Some(file.unwrap_or_else(|| File::new(Bytes::new(), SCRIPT)))
            }
            Some(Fault::ClientPathEscapes) if name.contains("..") => self.files.get(USUAL).cloned(),
            _ => file,
        }
    }
}

impl File {
    fn new(content: Bytes, content_type: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        Self { content, content_type, etag }
    }

    /// Whether it is a map, not a script.
    pub(crate) fn is_map(&self) -> bool {
        self.content_type == MAP
    }
}

/// As socket.io 4.8 serves them.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some(SCRIPT),
        "map" => Some(MAP),
        _ => None,
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.files.keys()).finish()
    }
}

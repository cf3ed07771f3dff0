//! Repositories made with tough's editor. Root is signed with its `SignedRole`, as the editor does not edit it.

use crate::Failure;
use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use tough::editor::RepositoryEditor;
use tough::editor::signed::SignedRole;
use tough::key_source::KeySource;
use tough::schema::{
    KeyHolder, PathHashPrefix, PathPattern, PathSet, RoleKeys, RoleType, Root, Signature, Target,
};
use tough::sign::{Sign, parse_keypair};

type Sources = Vec<Box<dyn KeySource>>;
type Thrown = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A key made now, in the form that tough parses.
#[derive(Debug, Clone)]
struct Key(Vec<u8>);

#[async_trait]
impl KeySource for Key {
    async fn as_sign(&self) -> Result<Box<dyn Sign>, Thrown> {
        Ok(Box::new(parse_keypair(&self.0)?))
    }

    async fn write(&self, _value: &str, _key_id: &str) -> Result<(), Thrown> {
        Err("keys are not kept".into())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Ed25519,
    Ecdsa,
    Rsa,
}
use Kind::{Ecdsa, Ed25519, Rsa};

fn new_key(kind: Kind) -> Result<Key, Failure> {
    let random = SystemRandom::new();
    Ok(Key(match kind {
        Ed25519 => Ed25519KeyPair::generate_pkcs8(&random)?.as_ref().to_vec(),
        Ecdsa => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)?
            .as_ref()
            .to_vec(),
        Rsa => {
            let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048)?;
            let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pair)?;
            pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref())).into_bytes()
        }
    }))
}

fn new_keys(kinds: &[Kind]) -> Result<Vec<Key>, Failure> {
    kinds.iter().map(|kind| new_key(*kind)).collect()
}

fn sources<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Sources {
    keys.into_iter()
        .map(|key| Box::new(key.clone()) as Box<dyn KeySource>)
        .collect()
}

const ONE: NonZeroU64 = NonZeroU64::MIN;
const TOP: [RoleType; 4] = [
    RoleType::Root,
    RoleType::Timestamp,
    RoleType::Snapshot,
    RoleType::Targets,
];

/// The keys of the top-level roles, and how many of them must sign.
#[derive(Clone)]
struct TopKeys(HashMap<RoleType, (Vec<Key>, u64)>);

impl TopKeys {
    fn new(kinds: [(&[Kind], u64); 4]) -> Result<Self, Failure> {
        let made: Result<_, Failure> = TOP
            .iter()
            .zip(kinds)
            .map(|(role, (kinds, threshold))| Ok((*role, (new_keys(kinds)?, threshold))))
            .collect();
        Ok(Self(made?))
    }

    fn all(kind: Kind) -> Result<Self, Failure> {
        Self::new([(&[kind], 1), (&[kind], 1), (&[kind], 1), (&[kind], 1)])
    }

    fn sources(&self) -> Sources {
        sources(self.0.values().flat_map(|(keys, _)| keys))
    }
}

struct Writer {
    folder: PathBuf,
    expires: Timestamp,
    keys: TopKeys,
    root: PathBuf,
    paths: Vec<String>,
}

impl Writer {
    /// Writes one root for each of `roots`, every one signed by the keys of the one before it too.
    async fn new(folder: &Path, roots: &[TopKeys]) -> Result<Self, Failure> {
        let expires =
            Timestamp::from_second(Timestamp::now().as_second())? + SignedDuration::from_hours(120);
        tokio::fs::create_dir_all(folder.join("metadata")).await?;
        tokio::fs::create_dir_all(folder.join("content")).await?;
        let mut before: Option<Root> = None;
        for (index, keys) in roots.iter().enumerate() {
            let mut root = Root {
                spec_version: "1.0.0".to_owned(),
                consistent_snapshot: true,
                version: NonZeroU64::new(index as u64 + 1).ok_or("a root of version 0")?,
                expires,
                keys: HashMap::new(),
                roles: HashMap::new(),
                _extra: HashMap::new(),
            };
            for (role, (keys, threshold)) in &keys.0 {
                let mut ids = Vec::new();
                for key in keys {
                    let public = parse_keypair(&key.0)?.tuf_key();
                    ids.push(public.key_id()?);
                    root.keys.insert(public.key_id()?, public);
                }
                let threshold = NonZeroU64::new(*threshold).ok_or("a threshold of 0")?;
                root.roles.insert(
                    *role,
                    RoleKeys {
                        keyids: ids,
                        threshold,
                        _extra: HashMap::new(),
                    },
                );
            }
            let sign = async |holder: &Root, keys: &TopKeys| {
                let holder = KeyHolder::Root(holder.clone());
                SignedRole::new(root.clone(), &holder, &keys.sources(), &SystemRandom::new()).await
            };
            let mut signed = sign(&root, keys).await?;
            if let Some(before) = &before {
                let old: Vec<Signature> = sign(before, &roots[index - 1])
                    .await?
                    .signed()
                    .signatures
                    .clone();
                signed = signed.add_old_signatures(old)?;
            }
            signed.write(folder.join("metadata"), true).await?;
            before = Some(root);
        }
        let keys = roots.last().ok_or("no root")?.clone();
        let root = folder
            .join("metadata")
            .join(format!("{}.root.json", roots.len()));
        Ok(Self {
            folder: folder.to_owned(),
            expires,
            keys,
            root,
            paths: Vec::new(),
        })
    }

    async fn editor(&self) -> Result<RepositoryEditor, Failure> {
        let mut editor = RepositoryEditor::new(&self.root).await?;
        editor.snapshot_version(ONE).snapshot_expires(self.expires);
        editor
            .timestamp_version(ONE)
            .timestamp_expires(self.expires);
        editor.targets_version(ONE)?.targets_expires(self.expires)?;
        Ok(editor)
    }

    /// Lists a target in the role that is being edited, and lays its file where clients look for it.
    async fn add(
        &mut self,
        editor: &mut RepositoryEditor,
        path: &str,
        content: &[u8],
    ) -> Result<(), Failure> {
        let file = self
            .folder
            .join("content")
            .join(self.paths.len().to_string());
        tokio::fs::write(&file, content).await?;
        let target = Target::from_path(&file).await?;
        let digest = hex::encode(&target.hashes.sha256);
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = self.folder.join("targets").join(directory);
        tokio::fs::create_dir_all(&directory).await?;
        tokio::fs::write(directory.join(format!("{digest}.{name}")), content).await?;
        editor.add_target(path, target)?;
        self.paths.push(path.to_owned());
        Ok(())
    }

    async fn delegate(
        &self,
        editor: &mut RepositoryEditor,
        name: &str,
        key: &Key,
        paths: PathSet,
        terminating: bool,
    ) -> Result<(), Failure> {
        editor
            .delegate_role(
                name,
                &sources([key]),
                paths,
                terminating,
                ONE,
                self.expires,
                ONE,
            )
            .await?;
        Ok(())
    }

    /// Signs the role that is being edited with `signer` (the top-level keys if none) and turns to `role`.
    async fn turn_to(
        &self,
        editor: &mut RepositoryEditor,
        signer: Option<&Key>,
        role: &str,
    ) -> Result<(), Failure> {
        let keys = signer.map_or_else(|| self.keys.sources(), |key| sources([key]));
        editor
            .sign_targets_editor(&keys)
            .await?
            .change_delegated_targets(role)?;
        editor.targets_version(ONE)?.targets_expires(self.expires)?;
        Ok(())
    }

    async fn save(self, editor: RepositoryEditor) -> Result<(), Failure> {
        editor
            .sign(&self.keys.sources())
            .await?
            .write(self.folder.join("metadata"))
            .await?;
        let lines: String = self.paths.iter().map(|path| format!("{path}\n")).collect();
        tokio::fs::write(self.folder.join("paths"), lines).await?;
        Ok(())
    }
}

fn patterns(list: &[&str]) -> Result<PathSet, Failure> {
    let made: Result<Vec<_>, _> = list
        .iter()
        .map(|pattern| PathPattern::new(*pattern))
        .collect();
    Ok(PathSet::Paths(made?))
}

async fn delegations(folder: &Path) -> Result<(), Failure> {
    let mut writer = Writer::new(folder, &[TopKeys::all(Ed25519)?]).await?;
    let mut editor = writer.editor().await?;
    let (first, second, below) = (new_key(Rsa)?, new_key(Ecdsa)?, new_key(Ed25519)?);
    writer
        .delegate(
            &mut editor,
            "first",
            &first,
            patterns(&["first/*", "first/*/*"])?,
            true,
        )
        .await?;
    writer
        .delegate(
            &mut editor,
            "second/with slash",
            &second,
            patterns(&["second/*"])?,
            false,
        )
        .await?;
    writer.turn_to(&mut editor, None, "first").await?;
    writer.add(&mut editor, "first/a.txt", b"a\n").await?;
    writer
        .delegate(
            &mut editor,
            "below first",
            &below,
            patterns(&["first/below/*"])?,
            false,
        )
        .await?;
    writer
        .turn_to(&mut editor, Some(&first), "below first")
        .await?;
    writer.add(&mut editor, "first/below/b.txt", b"b\n").await?;
    writer
        .turn_to(&mut editor, Some(&below), "second/with slash")
        .await?;
    writer.add(&mut editor, "second/c.txt", b"c\n").await?;
    writer
        .turn_to(&mut editor, Some(&second), "targets")
        .await?;
    writer.save(editor).await
}

async fn hash_prefixes(folder: &Path) -> Result<(), Failure> {
    let mut writer = Writer::new(folder, &[TopKeys::all(Ed25519)?]).await?;
    let mut editor = writer.editor().await?;
    let keys = new_keys(&[Ecdsa; 16])?;
    let bins: Vec<String> = (0..16).map(|index| format!("bin-{index:x}")).collect();
    for (index, (bin, key)) in bins.iter().zip(&keys).enumerate() {
        let prefixes = PathSet::PathHashPrefixes(vec![PathHashPrefix::new(format!("{index:x}"))?]);
        writer
            .delegate(&mut editor, bin, key, prefixes, false)
            .await?;
    }
    let mut before = None;
    for (index, (bin, key)) in bins.iter().zip(&keys).enumerate() {
        writer.turn_to(&mut editor, before, bin).await?;
        for path in (0..12).map(|number| format!("files/{number}.txt")) {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, path.as_bytes());
            if usize::from(digest.as_ref()[0] >> 4) == index {
                writer.add(&mut editor, &path, path.as_bytes()).await?;
            }
        }
        before = Some(key);
    }
    writer.turn_to(&mut editor, before, "targets").await?;
    writer.save(editor).await
}

pub async fn write(folder: &Path, scenario: &str) -> Result<(), Failure> {
    let (roots, files): (Vec<TopKeys>, &[(&str, &[u8])]) = match scenario {
        "flat" => (
            vec![TopKeys::all(Ecdsa)?],
            &[
                ("hello.txt", b"hello\n"),
                ("folder/a+b@c.bin", &[b'x'; 70_000]),
                ("empty", b""),
            ],
        ),
        "keys" => (
            vec![TopKeys::new([
                (&[Ed25519, Rsa, Ecdsa], 2),
                (&[Ed25519], 1),
                (&[Rsa], 1),
                (&[Ecdsa, Ed25519, Rsa], 3),
            ])?],
            &[("signed-by-all-kinds.txt", b"three kinds of keys\n")],
        ),
        "rotated" => (
            (0..6)
                .map(|turn| TopKeys::all([Ed25519, Rsa, Ecdsa][turn % 3]))
                .collect::<Result<_, _>>()?,
            &[("after-five-rotations.txt", b"still here\n")],
        ),
        "delegations" => return delegations(folder).await,
        "hash-prefixes" => return hash_prefixes(folder).await,
        _ => return Err("NoScenario".into()),
    };
    let mut writer = Writer::new(folder, &roots).await?;
    let mut editor = writer.editor().await?;
    for (path, content) in files {
        writer.add(&mut editor, path, content).await?;
    }
    writer.save(editor).await
}

//! A chapter: Markdown whose sections are tests.
//!
//! ```text
//!   # Heading            a section; its blocks are seen by the sections below it
//!   ```yaml a.yaml       a file
//!   ```diff a.yaml       a change to a file
//!   ```console           commands and what they print
//!   ```text              prose
//! ```

use std::fmt;
use std::ops::Range;

/// A file of the specification.
pub(crate) struct Chapter {
    pub(crate) lines: Vec<String>,
    pub(crate) sections: Vec<Section>,
}

/// A heading and what stands below it, up to the next heading.
pub(crate) struct Section {
    pub(crate) title: String,
    /// Counted from 0, as all lines here.
    pub(crate) line: usize,
    level: usize,
    /// The section that this one is a part of; an index.
    parent: Option<usize>,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block that means something.
pub(crate) enum Block {
    /// A file with that text.
    File { name: String, text: String },
    /// Changes to a file: each hunk replaces lines that stand there once by others.
    Edit { name: String, line: usize, hunks: Vec<Hunk> },
    /// Commands.
    Console { paper: Paper, exchanges: Vec<Exchange> },
}

/// Lines of a file, before and after.
#[derive(Default)]
pub(crate) struct Hunk {
    pub(crate) old: Vec<String>,
    pub(crate) new: Vec<String>,
}

/// What a command is printed on: a pipe, unless the block says otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Paper {
    pub(crate) width: Option<usize>,
    pub(crate) unicode: bool,
}

/// A command and the lines that it should print.
pub(crate) struct Exchange {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) expected: Range<usize>,
}

/// What is wrong with the form of a chapter, and in which line.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// A block that is still open.
struct Fence {
    line: usize,
    ticks: usize,
    info: String,
}

// === impl Chapter ===

impl Chapter {
    /// Reads a chapter. A block whose form is wrong is a fault, never prose: what looks like a test
    /// is one.
    pub(crate) fn parse(text: &str) -> Result<Chapter, Fault> {
        let lines = text.lines().map(str::to_owned).collect();
        let mut chapter = Chapter { lines, sections: vec![] };
        let mut fence: Option<Fence> = None;
        for line in 0..chapter.lines.len() {
            let text = chapter.lines[line].clone();
            let ticks = text.len() - text.trim_start_matches('`').len();
            match &fence {
                Some(open) if ticks >= open.ticks && text.len() == ticks => {
                    chapter.close(open, line)?;
                    fence = None;
                }
                Some(_) => {}
                None if ticks >= 3 => {
                    fence = Some(Fence { line, ticks, info: text[ticks..].trim().to_owned() });
                }
                None if text.trim_start().starts_with("```") || text.starts_with("~~~") => {
                    return Err(fault(line, "a fence is three backticks at the start of a line"));
                }
                None if text.starts_with('#') => chapter.open(line, &text)?,
                None => {}
            }
        }
        match fence {
            Some(open) => Err(fault(open.line, "this block is not closed")),
            None => chapter.checked(),
        }
    }

    /// The sections that hold commands.
    pub(crate) fn tests(&self) -> impl Iterator<Item = usize> {
        (0..self.sections.len()).filter(|s| self.has_commands(*s))
    }

    /// Whether a section has commands that build a lab.
    pub(crate) fn builds(&self, section: usize) -> bool {
        const BUILD: [&str; 3] = ["fibula lab check", "fibula lab run", "fibula lab shell"];
        let mut commands = self.sections[section].blocks.iter().flat_map(|block| match block {
            Block::Console { exchanges, .. } => &exchanges[..],
            Block::File { .. } | Block::Edit { .. } => &[],
        });
        commands.any(|exchange| BUILD.iter().any(|build| exchange.command.contains(build)))
    }

    /// The blocks that a section sees: those of the sections around it, then its own.
    pub(crate) fn blocks(&self, section: usize) -> Vec<&Block> {
        let own = &self.sections[section].blocks;
        let mut blocks: Vec<&Block> = match self.sections[section].parent {
            Some(parent) => self.blocks(parent),
            None => vec![],
        };
        blocks.retain(|block| !matches!(block, Block::Console { .. }));
        blocks.extend(own);
        blocks
    }

    fn has_commands(&self, section: usize) -> bool {
        self.sections[section].blocks.iter().any(|b| matches!(b, Block::Console { .. }))
    }

    fn open(&mut self, line: usize, text: &str) -> Result<(), Fault> {
        let level = text.len() - text.trim_start_matches('#').len();
        let title = text[level..].trim().to_owned();
        if self.sections.iter().any(|section| section.title == title) {
            return Err(fault(line, "another section has this heading"));
        }
        let mut parent = self.sections.len().checked_sub(1);
        while let Some(p) = parent
            && self.sections[p].level >= level
        {
            parent = self.sections[p].parent;
        }
        self.sections.push(Section { title, line, level, parent, blocks: vec![] });
        Ok(())
    }

    fn close(&mut self, open: &Fence, end: usize) -> Result<(), Fault> {
        let at = open.line;
        let body = at + 1..end;
        let mut words = open.info.split_whitespace();
        let language = words.next().ok_or_else(|| fault(at, "say the language: text, if none"))?;
        let words: Vec<&str> = words.collect();
        let block = match (language, &words[..]) {
            ("console", options) => Block::Console {
                paper: paper(at, options)?,
                exchanges: exchanges(&self.lines, body)?,
            },
            (_, []) => return Ok(()),
            ("diff", [name]) => Block::Edit {
                name: file_name(at, name)?,
                line: at,
                hunks: hunks(&self.lines, body)?,
            },
            (_, [name]) => {
                let text = self.lines[body].iter().flat_map(|line| [line, "\n"]).collect();
                Block::File { name: file_name(at, name)?, text }
            }
            _ => return Err(fault(at, "a block has a language and at most one file name")),
        };
        let section = self.sections.last_mut();
        section.ok_or_else(|| fault(at, "a block before the first heading"))?.blocks.push(block);
        Ok(())
    }

    /// No chapter without a test, and no file that no test sees.
    fn checked(self) -> Result<Chapter, Fault> {
        if self.tests().next().is_none() {
            return Err(fault(0, "this chapter tests nothing: it has no console block"));
        }
        let mut seen = vec![false; self.sections.len()];
        for test in self.tests() {
            let mut at = Some(test);
            while let Some(section) = at {
                seen[section] = true;
                at = self.sections[section].parent;
            }
        }
        let unseen = self.sections.iter().zip(seen).find(|(s, seen)| !seen && !s.blocks.is_empty());
        match unseen {
            Some((section, _)) => {
                Err(fault(section.line, "no command sees the files of this section"))
            }
            None => Ok(self),
        }
    }
}

// === impl Fault ===

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

fn fault(line: usize, what: &str) -> Fault {
    Fault { line, what: what.to_owned() }
}

/// Files stay in the folder of their section.
fn file_name(at: usize, name: &str) -> Result<String, Fault> {
    let inside =
        !name.starts_with('/') && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    inside.then(|| name.to_owned()).ok_or_else(|| fault(at, "a file lies in the section's folder"))
}

fn paper(at: usize, options: &[&str]) -> Result<Paper, Fault> {
    let mut paper = Paper { width: None, unicode: true };
    for option in options {
        match option.split_once('=') {
            None if *option == "ascii" => paper.unicode = false,
            Some(("width", n)) => {
                paper.width = Some(n.parse().map_err(|_| fault(at, "width is a number"))?);
            }
            _ => return Err(fault(at, "a console has the options width=N and ascii")),
        }
    }
    Ok(paper)
}

fn exchanges(lines: &[String], body: Range<usize>) -> Result<Vec<Exchange>, Fault> {
    let mut exchanges: Vec<Exchange> = vec![];
    for line in body.clone() {
        match (lines[line].strip_prefix("$ "), exchanges.last_mut()) {
            (Some(command), _) => exchanges.push(Exchange {
                line,
                command: command.to_owned(),
                expected: line + 1..line + 1,
            }),
            // Blank lines before the next command keep them apart; none prints them.
            (None, Some(last)) if !lines[line].is_empty() => last.expected.end = line + 1,
            (None, Some(_)) => {}
            (None, None) => {
                return Err(fault(line, "a console begins with a command, `$ fibula …`"));
            }
        }
    }
    match exchanges.is_empty() {
        true => Err(fault(body.start - 1, "a console without a command")),
        false => Ok(exchanges),
    }
}

/// Hunks, which a line `...` keeps apart.
fn hunks(lines: &[String], body: Range<usize>) -> Result<Vec<Hunk>, Fault> {
    let mut hunks = vec![Hunk::default()];
    for line in body {
        let text = &lines[line];
        if text == "..." {
            hunks.push(Hunk::default());
            continue;
        }
        let hunk = hunks.last_mut().expect("one at least");
        let (sign, rest) = text.split_at_checked(1).unwrap_or((" ", ""));
        if sign != "+" {
            hunk.old.push(rest.to_owned());
        }
        if sign != "-" {
            hunk.new.push(rest.to_owned());
        }
        if !matches!(sign, "+" | "-" | " ") {
            return Err(fault(line, "a line of a change begins with +, - or a space"));
        }
    }
    Ok(hunks)
}

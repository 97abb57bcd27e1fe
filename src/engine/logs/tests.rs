use super::*;

fn at(s: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + s).unwrap()
}

fn line(seconds: Option<i64>, text: &str) -> LogLine {
    let origin = LogOrigin::Job { run: 1, job: "x".into(), step: None };
    LogLine::new(seconds.map(at), Arc::new(origin), text, Level::Plain)
}

fn pods(follow: bool) -> LogAsk {
    let source =
        LogSource::Pods { service: "payment".parse().unwrap(), environment: None, cluster: None, arm: None, container: None };
    LogAsk { follow, ..LogAsk::of(source) }
}

fn merge(ask: LogAsk) -> (Merge, mpsc::Receiver<LogNews>) {
    let (out, news) = mpsc::channel(LogSink::BOUND);
    (Merge { sources: vec![], ask, out, last: VecDeque::new(), told: None, since: None }, news)
}

async fn texts(mut news: mpsc::Receiver<LogNews>) -> Vec<String> {
    let mut out = vec![];
    while let Some(piece) = news.recv().await {
        match piece {
            LogNews::Line(line) => out.push(line.text.to_string()),
            LogNews::Trouble(source, problem) => out.push(format!("{source}! {problem}")),
            _ => {}
        }
    }
    out
}

#[tokio::test]
async fn lines_of_several_pods_come_in_the_order_of_time_and_trouble_of_one_stops_none() {
    let (mut merge, news) = merge(pods(false));
    let (one, first) = LogSink::new();
    let (two, second) = LogSink::new();
    merge.add(first);
    merge.add(second);
    tokio::spawn(async move {
        for (seconds, text) in [(Some(1), "a1"), (None, "a1 more"), (Some(4), "a4"), (Some(9), "a9")] {
            one.line(line(seconds, text)).await;
        }
    });
    tokio::spawn(async move {
        // Later than the other, and yet in its place.
        tokio::task::yield_now().await;
        for (seconds, text) in [(2, "b2"), (4, "b4")] {
            two.line(line(Some(seconds), text)).await;
        }
        two.trouble("b", Problem::new(ProblemKind::Server, "cut")).await;
    });
    assert!(!merge.run(None).await);
    drop(merge);
    let out = texts(news).await;
    assert_eq!(out.iter().filter(|t| !t.contains('!')).collect::<Vec<_>>(), ["a1", "a1 more", "b2", "a4", "b4", "a9"]);
    assert!(out.contains(&"b! cut".to_owned()));
}

#[tokio::test]
async fn a_pod_that_says_nothing_does_not_hold_the_others_up() {
    let (mut merge, mut news) = merge(pods(true));
    let (one, first) = LogSink::new();
    let (_silent, second) = LogSink::new();
    merge.add(first);
    merge.add(second);
    one.line(line(Some(1), "a")).await;
    let run = tokio::spawn(async move { merge.run(None).await });
    loop {
        if let Some(LogNews::Line(line)) = news.recv().await {
            assert_eq!(line.text.as_str(), "a");
            break;
        }
    }
    run.abort();
}

#[tokio::test]
async fn of_errors_only_errors_and_of_a_tail_only_the_tail() {
    let job = LogSource::Job {
        run: crate::domain::RunKey { repo: "acme/shop".parse().unwrap(), id: "1".into(), attempt: 1 },
        number: 1,
        job: "7".into(),
        name: "test".into(),
    };
    let (mut merge, news) = merge(LogAsk { errors: true, tail: Some(2), ..LogAsk::of(job) });
    let (sink, lines) = LogSink::new();
    merge.add(lines);
    for text in ["ERROR 1", "fine", "ERROR 2", "\tat x", "ERROR 3"] {
        sink.line(line(None, text)).await;
    }
    drop(sink);
    merge.run(None).await;
    let last: Vec<String> = merge.last.iter().map(|l| l.text.to_string()).collect();
    assert_eq!(last, ["ERROR 2", "ERROR 3"]);
    drop((merge, news));
}

#[tokio::test]
async fn nobody_who_reads_ends_it() {
    let (mut merge, news) = merge(pods(true));
    let (sink, lines) = LogSink::new();
    merge.add(lines);
    drop(news);
    sink.line(line(None, "x")).await;
    assert!(!merge.run(None).await);
}

/** The events of an answer in text/event-stream, as they come. */
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let cutAfterReturn = false;
  let type = '';
  let data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // A line ends with CR, LF or both, and a cut between the two must not make an empty line.
    const text = cutAfterReturn ? value.replace(/^\n/, '') : value;
    cutAfterReturn = value.endsWith('\r');
    const lines = (rest + text).split(/\r\n?|\n/);
    rest = lines.pop();
    for (const line of lines) {
      // The name of a comment, which keeps the connection alive, is empty.
      const [, name, content] = line.match(/^([^:]*):? ?(.*)$/s);
      if (name === 'event') type = content;
      if (name === 'data') data.push(content);
      if (line) continue;
      if (type) yield { type, data: data.join('\n') };
      type = '';
      data = [];
    }
  }
}

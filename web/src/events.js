/** Yields the events of a text/event-stream response as they arrive. */
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let cutAfterReturn = false;
  let type = '';
  let data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // Lines end with CR, LF or CRLF. A chunk boundary between CR and LF must not create an empty line.
    const text = cutAfterReturn ? value.replace(/^\n/, '') : value;
    cutAfterReturn = value.endsWith('\r');
    const lines = (rest + text).split(/\r\n?|\n/);
    rest = lines.pop();
    for (const line of lines) {
      // A comment, which keeps the connection alive, has an empty name.
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

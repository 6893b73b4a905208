// Talking to the studio's own server, by the same named endpoints that scripts use. No other host is ever asked.

export class Refusal extends Error {}

export class Server {
  constructor({ upload, server }, root, words) {
    this.root = root;
    this.words = words;
    this.uploadFile = upload;
    this.functions = server;
  }

  async upload(blob, name) {
    try {
      const { path } = await this.uploadFile(new File([blob], name, { type: blob.type }));
      return { path, orig_name: name, meta: { _type: "gradio.FileData" } };
    } catch (error) {
      throw new Refusal(/413|size/i.test(String(error)) ? this.words.tooLarge : this.words.offline, { cause: error });
    }
  }

  /** Call a named endpoint; `onProgress` gets every value it yields on the way. Resolves to the last value. */
  async call(name, data, onProgress = () => {}) {
    let response;
    try {
      const joined = await fetch(`${this.root}/gradio_api/call/${name}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ data }),
      });
      if (!joined.ok) throw new Refusal(joined.status === 503 ? this.words.busy : ((await joined.json()).detail ?? this.words.offline));
      const { event_id } = await joined.json();
      response = await fetch(`${this.root}/gradio_api/call/${name}/${event_id}`);
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal(this.words.offline, { cause: error });
    }
    return this.#follow(response, onProgress);
  }

  async #follow(response, onProgress) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ done: true }));
      if (done) throw new Refusal(this.words.offline);
      buffer += value;
      const events = buffer.split("\n\n");
      buffer = events.pop();
      for (const event of events) {
        const kind = /^event: (\w+)/m.exec(event)?.[1];
        const data = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? "null");
        if (kind === "complete") return data[0];
        if (kind === "error") throw new Refusal(data?.error ?? (typeof data === "string" ? data : this.words.failed));
        if (kind === "generating") onProgress(data[0]);
      }
    }
  }

  /** Where a file that an endpoint answered with can be fetched. */
  address(file) {
    return `${this.root}/gradio_api/file=${file.path}`;
  }

  /** The bytes of a file that an endpoint answered with. */
  async fetchFile(file) {
    const response = await fetch(this.address(file)).catch(() => null);
    if (!response?.ok) throw new Refusal(this.words.offline);
    return response.blob();
  }
}

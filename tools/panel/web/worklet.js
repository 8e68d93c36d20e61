// The audio thread's side of the panel: a player with a short cushion, a recorder of 10 ms pieces.
"use strict";
const piece = 480, most = 48000 * 0.25, start = 48000 * 0.06;

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.at = 0;
    this.len = 0;
    this.running = false;
    this.port.onmessage = e => {
      const pcm = new Int16Array(e.data);
      this.queue.push(pcm);
      this.len += pcm.length;
      while (this.len > most) { this.len -= this.queue.shift().length - this.at; this.at = 0; }
      if (this.len >= start) this.running = true;
    };
  }
  process(_, [[out]]) {
    for (let i = 0; i < out.length; i++) {
      if (!this.running || !this.queue.length) { this.running = false; out[i] = 0; continue; }
      out[i] = this.queue[0][this.at++] / 32768;
      this.len--;
      if (this.at === this.queue[0].length) { this.queue.shift(); this.at = 0; }
    }
    return true;
  }
}

class Recorder extends AudioWorkletProcessor {
  constructor() { super(); this.buf = new Int16Array(piece); this.n = 0; this.sum = 0; }
  process([[input]]) {
    if (!input) return true;
    for (const v of input) {
      this.sum += v * v;
      this.buf[this.n++] = Math.max(-1, Math.min(1, v)) * 32767;
      if (this.n === piece) {
        this.port.postMessage({ pcm: this.buf.slice().buffer, level: Math.sqrt(this.sum / piece) });
        this.n = this.sum = 0;
      }
    }
    return true;
  }
}
registerProcessor("player", Player);
registerProcessor("recorder", Recorder);

// SPDX-License-Identifier: Apache-2.0

// The live room: device check, entering with a short token, faces, microphone
// and camera, the link in words, coming back after a broken line.
//
// The page's own HTML carries every word and every control (data attributes
// below [data-room]); this script only moves media and shows or hides. Who may
// enter is asked anew at every entry: the server gives a token or refuses.

import {
	ConnectionQuality,
	DisconnectReason,
	type LocalAudioTrack,
	type LocalTrack,
	type LocalVideoTrack,
	type Participant,
	type ReconnectContext,
	type RemoteTrack,
	Room,
	RoomEvent,
	Track,
	createLocalTracks,
} from "livekit-client";

// Phase is what the page shows; CSS follows the attribute data-phase.
type Phase = "check" | "joining" | "in" | "again" | "left" | "closed" | "moved";

interface Ticket {
	url: string; // "" = this site
	token: string;
	names: Record<string, string>; // by account
}

// Figures are sums over everything received and sent in this page.
interface Figures {
	framesDecoded: number;
	audioEnergy: number;
	packetsLost: number;
	framesSent: number;
	people: number;
}

declare global {
	interface Window {
		__room?: { phase(): Phase; stats(): Promise<Figures> };
	}
}

class Refused extends Error {
	constructor(readonly status: number) {
		super(`refused with ${status}`);
	}
}

const pauses = [300, 1000, 2000, 3000, 5000]; // ms before each try to come back; the last repeats
const giveUp = 120_000; // ms of trying

const root = document.querySelector<HTMLElement>("[data-room]");
if (root) start(root);

function start(root: HTMLElement): void {
	const words: Record<string, string> = JSON.parse(root.dataset.words ?? "{}");
	const say = (key: string): string => words[key] ?? key;
	const at = <T extends HTMLElement>(name: string): T => root.querySelector<T>(`[data-${name}]`)!;
	const preview = at<HTMLVideoElement>("preview");
	const level = at<HTMLMeterElement>("level");
	const note = at("note"); // what stands in the way, in words
	const status = at("status"); // the link, in words
	const tiles = at("tiles");
	const micButton = at<HTMLButtonElement>("mic");
	const camButton = at<HTMLButtonElement>("cam");
	const soundButton = at<HTMLButtonElement>("sound");

	let phase: Phase = "check";
	let tracks: LocalTrack[] = [];
	let micOn = true;
	let camOn = true;
	let names: Record<string, string> = {};
	let lock: WakeLockSentinel | undefined;

	const room = new Room({
		adaptiveStream: true,
		dynacast: true,
		disconnectOnPageLeave: true,
		stopLocalTrackOnUnpublish: false, // the same camera serves the next entry
		// A few quick tries on the same session, then a new token: the room may
		// have to be made again.
		reconnectPolicy: {
			nextRetryDelayInMs: (c: ReconnectContext) => [100, 500, 1500][c.retryCount] ?? null,
		},
		publishDefaults: { simulcast: true, dtx: true, red: true },
	});

	function show(next: Phase, key: string = next): void {
		phase = next;
		root.dataset.phase = next;
		status.textContent = say(key);
		for (const part of root.querySelectorAll<HTMLElement>("[data-in]")) {
			part.hidden = !part.dataset.in!.split(" ").includes(next);
		}
	}

	// --- device check -----------------------------------------------------

	async function check(): Promise<void> {
		show("check");
		note.textContent = "";
		if (!navigator.mediaDevices) {
			note.textContent = say("insecure");
			return;
		}
		for (const want of [{ audio: true, video: true }, { audio: true }, { video: true }]) {
			try {
				tracks = await createLocalTracks(want);
				break;
			} catch (err) {
				note.textContent = say(err instanceof DOMException && err.name === "NotAllowedError" ? "denied" : "missing");
			}
		}
		const cam = camera();
		const mic = microphone();
		if (cam && mic) note.textContent = "";
		else if (mic) note.textContent = say("no_camera");
		else if (cam) note.textContent = say("no_microphone");
		camOn = Boolean(cam);
		micOn = Boolean(mic);
		cam?.attach(preview);
		if (mic) meter(mic);
		await devices("audioinput", at<HTMLSelectElement>("mics"), mic);
		await devices("videoinput", at<HTMLSelectElement>("cams"), cam);
		buttons();
	}

	const camera = () => tracks.find((t) => t.kind === Track.Kind.Video) as LocalVideoTrack | undefined;
	const microphone = () => tracks.find((t) => t.kind === Track.Kind.Audio) as LocalAudioTrack | undefined;

	// meter shows that the microphone hears something.
	function meter(mic: LocalAudioTrack): void {
		const context = new AudioContext();
		const ear = context.createAnalyser();
		ear.fftSize = 512;
		context.createMediaStreamSource(new MediaStream([mic.mediaStreamTrack])).connect(ear);
		const wave = new Float32Array(ear.fftSize);
		const timer = setInterval(() => {
			if (phase !== "check") {
				clearInterval(timer);
				void context.close();
				return;
			}
			ear.getFloatTimeDomainData(wave);
			const loudest = wave.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
			level.value = Math.min(1, loudest * 2);
		}, 100);
	}

	// devices fills a choice and hides it where there is nothing to choose.
	async function devices(kind: MediaDeviceKind, choice: HTMLSelectElement, track?: LocalAudioTrack | LocalVideoTrack): Promise<void> {
		const all = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === kind);
		choice.replaceChildren(...all.map((d, i) => new Option(d.label || `${i + 1}`, d.deviceId)));
		choice.closest("label")!.hidden = !track || all.length < 2;
		choice.onchange = () => void track?.restartTrack({ deviceId: choice.value });
	}

	// --- entering and coming back ------------------------------------------

	// device tells two windows of one person apart, and survives a reload.
	function device(): string {
		let d = sessionStorage.getItem("room-device");
		if (!d) {
			d = Array.from(crypto.getRandomValues(new Uint8Array(4)), (b) => b.toString(16).padStart(2, "0")).join("");
			sessionStorage.setItem("room-device", d);
		}
		return d;
	}

	async function enter(): Promise<void> {
		const res = await fetch(root.dataset.join!, {
			method: "POST",
			headers: { Accept: "application/json" },
			body: new URLSearchParams({ device: device() }),
		});
		if (!res.ok) throw new Refused(res.status);
		const ticket: Ticket = await res.json();
		names = ticket.names;
		await room.connect(ticket.url || location.origin.replace(/^http/, "ws"), ticket.token);
		for (const track of tracks) await room.localParticipant.publishTrack(track);
		if (!micOn) await room.localParticipant.setMicrophoneEnabled(false);
		if (!camOn) await room.localParticipant.setCameraEnabled(false);
		show("in", "quality.unknown");
		for (const p of [room.localParticipant, ...room.remoteParticipants.values()]) tile(p);
		buttons();
		try {
			lock = await navigator.wakeLock?.request("screen");
		} catch {
			// A screen that goes dark is no reason to stop the call.
		}
	}

	async function join(): Promise<void> {
		show("joining");
		try {
			await enter();
		} catch (err) {
			if (closed(err)) return;
			await again();
		}
	}

	// closed reports whether the server will not let us in, now or later.
	function closed(err: unknown): boolean {
		if (!(err instanceof Refused) || err.status >= 500 || err.status === 429) return false;
		show("closed");
		return true;
	}

	async function again(): Promise<void> {
		show("again");
		const began = Date.now();
		for (let i = 0; Date.now() - began < giveUp; i++) {
			await new Promise((done) => setTimeout(done, pauses[Math.min(i, pauses.length - 1)]));
			if (phase !== "again") return;
			try {
				await enter();
				return;
			} catch (err) {
				if (closed(err)) return;
			}
		}
		show("left", "failed");
	}

	function left(reason?: DisconnectReason): void {
		for (const t of tiles.querySelectorAll("[data-identity]")) t.remove();
		void lock?.release();
		lock = undefined;
		switch (reason) {
			case DisconnectReason.CLIENT_INITIATED:
				return; // whoever did it shows what comes next
			case DisconnectReason.DUPLICATE_IDENTITY:
				stop();
				return show("moved");
			case DisconnectReason.PARTICIPANT_REMOVED:
			case DisconnectReason.ROOM_DELETED:
				stop();
				return show("closed");
			default:
				if (phase === "in") void again();
		}
	}

	function stop(): void {
		for (const t of tracks) t.stop();
		tracks = [];
	}

	async function leave(): Promise<void> {
		show("left");
		await room.disconnect();
		stop();
	}

	// --- faces ---------------------------------------------------------------

	// tile returns the place of a participant, made when new.
	function tile(p: Participant): HTMLElement {
		let t = tiles.querySelector<HTMLElement>(`[data-identity="${CSS.escape(p.identity)}"]`);
		if (!t) {
			t = document.createElement("figure");
			t.className = "telehealth-tile";
			t.dataset.identity = p.identity;
			if (p === room.localParticipant) t.dataset.own = "";
			const video = document.createElement("video");
			video.playsInline = true;
			video.muted = true; // sound has its own element
			const caption = document.createElement("figcaption");
			const name = document.createElement("strong");
			const state = document.createElement("span");
			caption.append(name, " ", state);
			t.append(video, caption);
			tiles.append(t);
		}
		label(t, p);
		return t;
	}

	function label(t: HTMLElement, p: Participant): void {
		const account = p.identity.split("~")[0]!;
		const me = p === room.localParticipant;
		t.querySelector("strong")!.textContent = me ? say("you") : (names[account] ?? say("somebody"));
		const parts = [];
		if (!p.isMicrophoneEnabled) parts.push(say("muted"));
		if (!p.isCameraEnabled) parts.push(say("no_picture"));
		if (!me && p.connectionQuality !== ConnectionQuality.Unknown) parts.push(say(`quality.${p.connectionQuality}`));
		t.querySelector("span")!.textContent = parts.join(" · ");
		t.dataset.picture = String(p.isCameraEnabled);
		if (!me && !(account in names)) void learn(account);
	}

	// learn asks who a newcomer is, once for each.
	async function learn(account: string): Promise<void> {
		names[account] = say("somebody");
		try {
			const res = await fetch(root.dataset.people!, { headers: { Accept: "application/json" } });
			if (res.ok) names = { ...names, ...(await res.json()) };
		} catch {
			return; // the word stands
		}
		for (const p of room.remoteParticipants.values()) label(tile(p), p);
	}

	function attach(track: Track, p: Participant): void {
		const t = tile(p);
		if (track.kind === Track.Kind.Video) {
			track.attach(t.querySelector("video")!);
		} else if (p !== room.localParticipant) {
			t.append(track.attach());
		}
	}

	function detach(track: RemoteTrack): void {
		for (const el of track.detach()) if (el instanceof HTMLAudioElement) el.remove();
	}

	// --- controls ------------------------------------------------------------

	function buttons(): void {
		for (const [button, on, key] of [
			[micButton, micOn, "mic"],
			[camButton, camOn, "cam"],
		] as const) {
			button.dataset.on = String(on);
			button.querySelector("span")!.textContent = say(on ? `${key}_off` : `${key}_on`);
		}
		soundButton.hidden = room.canPlaybackAudio;
	}

	async function toggle(what: "mic" | "cam"): Promise<void> {
		const me = room.localParticipant;
		note.textContent = "";
		try {
			if (what === "mic") await me.setMicrophoneEnabled(!micOn);
			else await me.setCameraEnabled(!camOn);
		} catch {
			note.textContent = say(what === "mic" ? "no_microphone" : "no_camera");
		}
		refresh(me);
	}

	// own takes over what is on now: by a button here, or muted by somebody.
	function own(): void {
		const me = room.localParticipant;
		micOn = me.isMicrophoneEnabled;
		camOn = me.isCameraEnabled;
		for (const p of me.trackPublications.values()) {
			if (p.track && !tracks.includes(p.track)) tracks.push(p.track);
		}
		buttons();
	}

	const refresh = (p: Participant) => {
		if (phase !== "in") return;
		if (p === room.localParticipant) own();
		label(tile(p), p);
	};
	room
		.on(RoomEvent.ParticipantConnected, tile)
		.on(RoomEvent.ParticipantDisconnected, (p) => tiles.querySelector(`[data-identity="${CSS.escape(p.identity)}"]`)?.remove())
		.on(RoomEvent.TrackSubscribed, (track, _, p) => attach(track, p))
		.on(RoomEvent.TrackUnsubscribed, detach)
		.on(RoomEvent.LocalTrackPublished, (pub, p) => pub.track && attach(pub.track, p))
		.on(RoomEvent.TrackMuted, (_, p) => refresh(p))
		.on(RoomEvent.TrackUnmuted, (_, p) => refresh(p))
		.on(RoomEvent.ConnectionQualityChanged, (quality, p) => {
			refresh(p);
			if (p === room.localParticipant && phase === "in") {
				status.textContent = say(`quality.${quality}`);
				status.dataset.quality = quality;
			}
		})
		.on(RoomEvent.ActiveSpeakersChanged, (speakers) => {
			for (const t of tiles.querySelectorAll<HTMLElement>("[data-identity]")) {
				t.dataset.speaking = String(speakers.some((p) => p.identity === t.dataset.identity));
			}
		})
		.on(RoomEvent.AudioPlaybackStatusChanged, buttons)
		.on(RoomEvent.Reconnecting, () => (status.textContent = say("again")))
		.on(RoomEvent.Reconnected, () => (status.textContent = say("quality.unknown")))
		.on(RoomEvent.Disconnected, left);

	micButton.onclick = () => void toggle("mic");
	camButton.onclick = () => void toggle("cam");
	soundButton.onclick = () => void room.startAudio();
	at("enter").onclick = () => void join();
	at("leave").onclick = () => void leave();
	at("back").onclick = () => void check();
	document.addEventListener("keydown", (e) => {
		const typing = e.target instanceof HTMLElement && e.target.matches("input, textarea, select, [contenteditable]");
		if (phase !== "in" || typing || e.ctrlKey || e.metaKey || e.altKey) return;
		if (e.key === "m") void toggle("mic");
		if (e.key === "c") void toggle("cam");
	});

	// --- figures ---------------------------------------------------------------

	async function stats(): Promise<Figures> {
		const f: Figures = { framesDecoded: 0, audioEnergy: 0, packetsLost: 0, framesSent: 0, people: room.remoteParticipants.size };
		for (const p of [room.localParticipant, ...room.remoteParticipants.values()]) {
			for (const pub of p.trackPublications.values()) {
				(await pub.track?.getRTCStatsReport())?.forEach((s) => {
					if (s.type === "outbound-rtp") f.framesSent += s.framesSent ?? 0;
					if (s.type !== "inbound-rtp") return;
					f.framesDecoded += s.framesDecoded ?? 0;
					f.audioEnergy += s.totalAudioEnergy ?? 0;
					f.packetsLost += s.packetsLost ?? 0;
				});
			}
		}
		return f;
	}

	window.__room = { phase: () => phase, stats };
	void check();
}

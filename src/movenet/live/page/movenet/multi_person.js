/**
 * Tracks many people, each by an id: the tracks of the last frame give the crops in this one, and the detector finds
 * new people. The rules are those of `movenet.video.multi_person` in Python.
 *
 * The state of a stream is one value, replaced at each frame: {timeS, size, tracks, nextId, detectedS, smooth}.
 */

import { measureAppearance } from "./appearance.js";
import { Detection } from "./detection.js";
import { centerOf } from "./motion.js";
import { smoothPose } from "./single_person.js";
import {
  assignIds, isIdSwitch, matchDetections, predict, predictMissing, suppressDuplicates, trackPriority, updateTracks,
} from "./tracks.js";

/** Priority of a pose that is tracked already: above every score. */
const TRACKED = 2;

export class MultiPersonTracker {
  /**
   * @param {import("./estimator.js").PictureEstimator} estimator of many people
   * @param {object} settings `movenet.video.FollowSettings` as JSON
   * @param {object} tracks `movenet.video.TrackSettings` as JSON
   * @param {object | null} smoothing `movenet.smoothing.OneEuro` as JSON; null leaves the keypoints as estimated
   */
  constructor(estimator, settings, tracks, smoothing) {
    Object.assign(this, { estimator, settings, tracks, smoothing });
  }

  /** Process one frame; see `SinglePersonTracker.step`. Poses have ids and are in their order. */
  async step(state, picture, timeS) {
    let before = this.#validState(state, picture, timeS);
    let association = await this.#track(before, picture, timeS);
    if (this.#mustDetect(before, association, timeS)) {
      before = { ...before, detectedS: timeS };
      association = await this.#detect(before, association, picture);
    }
    const updated = updateTracks(before.tracks, association, timeS, before.size, this.tracks);
    const [tracks, nextId] = assignIds(updated, before.nextId, timeS, before.size, this.tracks);
    const [smooth, poses] = this.#smooth(before, tracks, timeS);
    return [{ timeS, size: before.size, tracks, nextId, detectedS: before.detectedS, smooth }, poses];
  }

  #validState(state, { width, height }, timeS) {
    const empty = { timeS: -Infinity, size: [width, height], tracks: [], nextId: 1, detectedS: -Infinity, smooth: new Map() };
    if (state === null) return empty;
    if (state.size[0] !== width || state.size[1] !== height) return { ...empty, timeS: state.timeS, nextId: state.nextId };
    return { ...state, tracks: state.tracks.filter((track) => timeS - track.lastSeenS <= this.tracks.max_missing_s) };
  }

  /** Estimate the poses in the predicted crops; drop duplicates and id switches. */
  async #track(state, picture, timeS) {
    const predicted = this.#predict(state, timeS);
    const people = predicted.map(([, pose]) => new Detection(pose, centerOf(pose)));
    const observed = await this.#observe(picture, people, this.settings);
    const found = predicted
      .map(([i, pose], row) => ({ i, track: state.tracks[i], predicted: pose, observation: observed[row] }))
      .filter(({ track, observation }) => observation.pose.score >= this.#minScore(state, track));
    const priorities = found.map((one) => trackPriority(one.track, one.predicted, one.observation.pose, timeS));
    const kept = suppressDuplicates(found.map(({ observation }) => observation.pose), priorities, this.tracks);
    const matched = kept.sort((one, other) => one - other)
      .map((row) => found[row])
      .filter(({ track, observation }) => !isIdSwitch(track, observation, state.tracks, this.tracks))
      .map(({ i, observation }) => [i, observation]);
    return { matched: new Map(matched), detected: new Set(), unmatched: [] };
  }

  /** Return the poses predicted for this frame, [index of the track, pose]. */
  #predict(state, timeS) {
    if (timeS - state.timeS > this.settings.reset_after_s) return [];
    return state.tracks.flatMap((track, i) => {
      if (track.lastSeenS === state.timeS) return [[i, predict(track, timeS)]];
      if (timeS - track.lastSeenS > this.tracks.predict_missing_s) return [];
      return [[i, predictMissing(track, timeS, state.size, this.tracks)]];
    });
  }

  /** Return the lowest score of a pose of a track; higher if the track is missing. */
  #minScore(state, track) {
    return track.lastSeenS === state.timeS ? this.settings.min_track_score : this.settings.confident_score;
  }

  async #observe(picture, people, { crop_factor: factor, guide_weight: weight }) {
    const poses = await this.estimator.estimateDetections(picture, people, factor, weight);
    return poses.map((pose) => ({ pose, appearance: measureAppearance(picture, pose) }));
  }

  /** Whether to run the detector: no track is observed, or the last detection is too long ago. */
  #mustDetect(state, { matched }, timeS) {
    const missingS = state.tracks
      .filter((track, i) => track.pose.id !== null && !matched.has(i))
      .map((track) => timeS - track.lastSeenS);
    // Sooner while a track is missing: after half of the time it has been missing.
    const intervalS = Math.max(this.tracks.redetect_missing_s, Math.min(...missingS) / 2);
    return !matched.size || timeS - state.detectedS >= Math.min(intervalS, this.settings.detect_every_s);
  }

  /** Run the detector: drop tracks of low score that it does not find, and observe people without a track. */
  async #detect(state, { matched }, picture) {
    const detections = this.estimator.choose(await this.estimator.detect(picture));
    const indices = [...matched.keys()];
    const poses = [...matched.values()].map(({ pose }) => pose);
    const pairs = matchDetections(poses, detections.map(({ pose }) => pose), this.tracks);
    const detected = new Set(pairs.map(([row]) => indices[row]));
    const columns = new Set(pairs.map(([, column]) => column));
    const kept = [...matched].filter(([i, { pose }]) => detected.has(i) || pose.score >= this.settings.confident_score);
    const tracked = kept.map(([, { pose }]) => pose);
    const unmatched = await this.#observeNew(detections.filter((_, column) => !columns.has(column)), tracked, picture);
    return { matched: new Map(kept), detected, unmatched };
  }

  /** Estimate the poses of new detections; return those of high score that are not tracked yet. */
  async #observeNew(detections, tracked, picture) {
    const minProduct = this.estimator.minScore ** 2;
    const candidates = detections.filter(({ pose }) => pose.score >= minProduct);
    const observed = await this.#observe(picture, candidates, this.estimator.settings);
    const people = observed.filter(({ pose }, i) => candidates[i].pose.score * pose.score >= minProduct);
    const priorities = [...tracked.map(() => TRACKED), ...people.map(({ pose }) => pose.score)];
    const kept = suppressDuplicates([...tracked, ...people.map(({ pose }) => pose)], priorities, this.tracks);
    return kept.filter((i) => i >= tracked.length).map((i) => people[i - tracked.length]);
  }

  /** Return the next filter states by id, and the smoothed poses of the tracks observed in this frame. */
  #smooth(state, tracks, timeS) {
    const smooth = new Map();
    const poses = [];
    const confirmed = tracks.filter(({ pose }) => pose.id !== null).sort((one, other) => one.pose.id - other.pose.id);
    for (const { pose, lastSeenS } of confirmed) {
      let filterState = state.smooth.get(pose.id) ?? null;
      if (lastSeenS === timeS) {
        const [after, smoothed] = smoothPose(this.smoothing, filterState, pose, timeS);
        filterState = after;
        poses.push(smoothed);
      }
      smooth.set(pose.id, filterState);
    }
    return [smooth, poses];
  }
}

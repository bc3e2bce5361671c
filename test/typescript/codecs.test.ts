// What the vectors of Go cannot say: values that TypeScript has and Solidity lacks, viem beside us, and types.

import { type Abi, decodeEventLog, encodeAbiParameters, encodeEventTopics, type Hex, parseAbiParameters, zeroAddress } from 'viem'
import { describe, expect, expectTypeOf, test } from 'vitest'

import * as layouts from '../../codegen/testdata/layouts/want-typescript/index.js'
import * as types from '../../codegen/testdata/types/want-typescript/index.js'
import * as ocr2 from '../../gen/typescript/ocr2/index.js'

const report: ocr2.MedianReport = {
  observationsTimestamp: 1_700_000_000,
  rawObservers: `0x${'02'.padEnd(64, '0')}`,
  observations: [-1n, 0n, 2n ** 191n - 1n],
  juelsPerFeeCoin: 10n ** 18n,
}

const weather: types.WeatherReport = {
  time: 2 ** 40 - 1,
  sky: 2,
  low: -(2 ** 23),
  region: '0x01020304',
  stations: [{ name: 'Säntis ⛰️', at: [47_249_000, -1], keeper: '0x52908400098527886E0F7030069857D2E4169EE7' }],
  pair: { first: 1n, second: true },
  pairs: [],
  corners: [
    { first: 2n ** 64n - 1n, second: false },
    { first: 0n, second: true },
  ],
  totals: [0n, 1n, 2n ** 256n - 1n],
  notes: ['', 'x'],
  attachments: ['0x', '0xff'],
  grid: [[1, 2]],
  series: [[], [-(2n ** 255n)]],
  final_: false,
}

describe('values without an encoding', () => {
  const cases: [string, () => Hex, string][] = [
    ['too large', () => ocr2.encodeMedianReport({ ...report, observationsTimestamp: 2 ** 32 }), 'encode MedianReport: observationsTimestamp: 4294967296 does not fit uint32'],
    ['negative', () => ocr2.encodeMedianReport({ ...report, observationsTimestamp: -1 }), 'encode MedianReport: observationsTimestamp: -1 does not fit uint32'],
    ['a fraction', () => ocr2.encodeMedianReport({ ...report, observationsTimestamp: 1.5 }), 'encode MedianReport: observationsTimestamp: 1.5 does not fit uint32'],
    ['no number', () => ocr2.encodeMedianReport({ ...report, observationsTimestamp: NaN }), 'encode MedianReport: observationsTimestamp: NaN does not fit uint32'],
    ['in an array', () => ocr2.encodeMedianReport({ ...report, observations: [0n, 2n ** 191n] }), `encode MedianReport: observations[1]: ${2n ** 191n} does not fit int192`],
    ['huge', () => ocr2.encodeMedianReport({ ...report, juelsPerFeeCoin: 2n ** 4096n }), 'encode MedianReport: juelsPerFeeCoin: a value of 1234 characters does not fit int192'],
    ['missing', () => ocr2.encodeMedianReport({ ...report, juelsPerFeeCoin: undefined as any }), 'encode MedianReport: juelsPerFeeCoin: no value for int192'],
    ['a hole', () => ocr2.encodeMedianReport({ ...report, observations: [1n, , 2n] as any }), 'encode MedianReport: observations[1]: no value for int192'],
    ['no array', () => ocr2.encodeMedianReport({ ...report, observations: '12' as any }), 'encode MedianReport: observations: is no array'],
    ['nothing', () => ocr2.encodeMedianReport(null as any), 'encode MedianReport: is no object'],
    ['too few bytes', () => ocr2.encodeMedianReport({ ...report, rawObservers: '0x00' }), 'encode MedianReport: rawObservers: has 1 bytes, not 32'],
    ['half a byte', () => ocr2.encodeMedianReport({ ...report, rawObservers: '0x000' }), 'encode MedianReport: rawObservers: is no 0x and an even number of hexadecimal digits'],
    ['no digits', () => types.encodeWeatherReport({ ...weather, attachments: ['0xgg'] }), 'encode WeatherReport: attachments[0]: is no 0x and an even number of hexadecimal digits'],
    ['no member of an enum', () => types.encodeWeatherReport({ ...weather, sky: 3 }), 'encode WeatherReport: sky: 3 does not fit uint8'],
    ['no boolean', () => types.encodeWeatherReport({ ...weather, final_: 1 as any }), 'encode WeatherReport: final_: no value for bool'],
    ['no string', () => types.encodeWeatherReport({ ...weather, notes: ['', 1 as any] }), 'encode WeatherReport: notes[1]: is no string'],
    ['half a character', () => types.encodeWeatherReport({ ...weather, notes: ['', '\ud800'] }), 'encode WeatherReport: notes[1]: has half of a surrogate pair'],
    ['an array of another length', () => types.encodeWeatherReport({ ...weather, notes: ['a'] as any }), 'encode WeatherReport: notes: has 1 elements, not 2'],
    ['deep inside', () => types.encodeWeatherReport({ ...weather, stations: [{ ...weather.stations[0]!, at: [0, 2 ** 39] }] }), 'encode WeatherReport: stations[0].at[1]: 549755813888 does not fit int40'],
    ['a wrong checksum', () => types.encodeWeatherReport({ ...weather, stations: [{ ...weather.stations[0]!, keeper: '0x52908400098527886E0F7030069857D2E4169Ee7' }] }), 'encode WeatherReport: stations[0].keeper: 0x52908400098527886E0F7030069857D2E4169Ee7 is no address, or its checksum is wrong'],
    ['packed: too large', () => ocr2.encodeMedianOnchainConfig({ minAnswer: 0n, maxAnswer: 2n ** 191n }), `encode MedianOnchainConfig: maxAnswer: ${2n ** 191n} does not fit int192`],
    ['packed: nothing', () => ocr2.encodeMedianOnchainConfig(undefined as any), 'encode MedianOnchainConfig: is no object'],
    ['packed: in the rest', () => layouts.encodeAddresses({ list: [zeroAddress, '0x' as any] }), 'encode Addresses: list[1]: 0x is no address, or its checksum is wrong'],
  ]
  test.each(cases)('%s', (_name, encode, message) => {
    expect(encode).toThrow(message)
    expect(encode).toThrow(/^encode /)
  })
})

describe('data that are no bytes', () => {
  test.each(['', '0', '0x0', '0xzz', '00', undefined, 12])('%j', (data) => {
    const message = 'at byte 0: is no 0x and an even number of hexadecimal digits'
    expect(() => ocr2.decodeMedianReport(data as any)).toThrow(`decode MedianReport: ${message}`)
    expect(() => ocr2.decodeMedianOnchainConfig(data as any)).toThrow(`decode MedianOnchainConfig: ${message}`)
  })
})

test('an array that claims to be long takes no memory', () => {
  const word = (n: bigint) => n.toString(16).padStart(64, '0')
  const data: Hex = `0x${word(1n)}${word(0n)}${word(128n)}${word(0n)}${word(2n ** 40n)}`
  expect(() => ocr2.decodeMedianReport(data)).toThrow('decode MedianReport: observations at byte 128: length is more than the data hold')
})

describe('viem encodes the same', () => {
  test('a median report', () => {
    const parameters = parseAbiParameters('uint32, bytes32, int192[], int192')
    const { observationsTimestamp, rawObservers, observations, juelsPerFeeCoin } = report
    const encoded = encodeAbiParameters(parameters, [observationsTimestamp, rawObservers, observations, juelsPerFeeCoin])
    expect(ocr2.encodeMedianReport(report)).toBe(encoded)
    expect(ocr2.decodeMedianReport(encoded)).toEqual(report)
  })

  test('a nested report', () => {
    const parameters = parseAbiParameters([
      'uint40, uint8, int24, bytes4, Station[], Pair, Pair[], Pair[2], uint256[3], string[2], bytes[], uint16[2][], int256[][], bool',
      'struct Station { string name; int40[2] at; address keeper; }',
      'struct Pair { uint64 first; bool second; }',
    ])
    const w = weather
    const encoded = encodeAbiParameters(parameters, [
      w.time, w.sky, w.low, w.region, w.stations, w.pair, w.pairs, w.corners, w.totals, w.notes, w.attachments, w.grid, w.series, w.final_,
    ])
    expect(types.encodeWeatherReport(weather)).toBe(encoded)
    expect(types.decodeWeatherReport(encoded)).toEqual(weather)
  })
})

describe('ABIs', () => {
  test('are typed', () => {
    expectTypeOf(ocr2.ocr2AggregatorAbi).toExtend<Abi>()
    const event = {
      aggregatorRoundId: 7,
      answer: -5n,
      transmitter: zeroAddress,
      observationsTimestamp: 1_700_000_000,
      observations: [-6n, -5n, -4n],
      observers: '0x000102',
      juelsPerFeeCoin: 3n,
      configDigest: `0x${'0001'.padEnd(64, 'a')}`,
      epochAndRound: 2 ** 40 - 1,
    } as const
    const topics = encodeEventTopics({
      abi: ocr2.ocr2AggregatorAbi, eventName: 'NewTransmission', args: { aggregatorRoundId: event.aggregatorRoundId },
    })
    const data = encodeAbiParameters(parseAbiParameters('int192, address, uint32, int192[], bytes, int192, bytes32, uint40'), [
      event.answer, event.transmitter, event.observationsTimestamp, event.observations, event.observers, event.juelsPerFeeCoin,
      event.configDigest, event.epochAndRound,
    ])
    const decoded = decodeEventLog({ abi: ocr2.ocr2AggregatorAbi, eventName: 'NewTransmission', topics: topics as [Hex, ...Hex[]], data })
    expectTypeOf(decoded.args.answer).toEqualTypeOf<bigint>()
    expectTypeOf(decoded.args.observations).toEqualTypeOf<readonly bigint[]>()
    expectTypeOf(decoded.args.aggregatorRoundId).toEqualTypeOf<number>()
    expect(decoded.args).toEqual(event)
  })

  test('have the functions, events and errors of the contracts', () => {
    const all = Object.entries(ocr2).flatMap(([name, value]) => (name.endsWith('Abi') ? [[name, value as Abi] as const] : []))
    expect(all.map(([name]) => name).sort()).toEqual([
      'accessControlledOCR2AggregatorAbi', 'ocr2AbstractAbi', 'ocr2AggregatorAbi', 'ocrConfigurationStoreEVMSimpleAbi',
      'simpleReadAccessControllerAbi', 'simpleWriteAccessControllerAbi',
    ])
    const names = (abi: Abi, type: string) => abi.flatMap((entry) => (entry.type === type && 'name' in entry ? [entry.name] : []))
    expect(names(ocr2.ocr2AggregatorAbi, 'function')).toEqual(expect.arrayContaining(['transmit', 'setConfig', 'latestRoundData']))
    expect(names(ocr2.ocr2AggregatorAbi, 'event')).toEqual(expect.arrayContaining(['ConfigSet', 'NewTransmission', 'Transmitted']))
    const structs = names(types.feedAbi, 'error')
    expect(structs.sort()).toEqual(['BadStation', 'Idle'])
  })
})

test('constants', () => {
  expect(ocr2.maxNumOracles).toBe(31)
  expectTypeOf<typeof ocr2.maxNumOracles>().toEqualTypeOf<31>()
  expect(ocr2.configDigestPrefixEVMSimple).toBe(1)
  expect(types.coldest).toBe(-30_000)
  expect(layouts.tag).toBe('0xa1b2c3d4')
})

test('types follow the contracts', () => {
  expectTypeOf<types.WeatherReport['corners']>().toEqualTypeOf<readonly [types.Pair, types.Pair]>()
  expectTypeOf<types.WeatherReport['series']>().toEqualTypeOf<readonly (readonly bigint[])[]>()
  expectTypeOf<types.WeatherReport['time']>().toEqualTypeOf<number>()
  expectTypeOf<ocr2.EVMSimplePreimage['chainId']>().toEqualTypeOf<bigint>()
  expectTypeOf<layouts.Attestation>().toEqualTypeOf<{ mask: number; signatures: readonly (readonly [Hex, Hex])[] }>()
})

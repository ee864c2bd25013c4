import { describe, expect, it } from 'vitest';
import { differing } from './differing';

describe('the characters in which values differ', () => {
  it('are marked on both sides', () => {
    expect(differing('13900007715', ['13900001175'])).toEqual({ start: '1390000', differs: '771', end: '5' });
    expect(differing('13900001175', ['13900007715'])).toEqual({ start: '1390000', differs: '117', end: '5' });
  });

  it('are those that differ from any of several', () => {
    expect(differing('陈玉珍', ['陈玉诊', '程玉珍'])).toEqual({ start: '', differs: '陈玉珍', end: '' });
    expect(differing('陈玉珍', ['陈玉诊', '陈宇珍'])).toEqual({ start: '陈', differs: '玉珍', end: '' });
  });

  it('are none where one value only adds to the other', () => {
    expect(differing('138', ['1380'])).toEqual({ start: '138', differs: '', end: '' });
    expect(differing('1380', ['138'])).toEqual({ start: '138', differs: '0', end: '' });
  });

  it('never claim one character for both ends', () => {
    expect(differing('11', ['111'])).toEqual({ start: '11', differs: '', end: '' });
    expect(differing('111', ['11'])).toEqual({ start: '11', differs: '1', end: '' });
  });

  it('are not looked for in a cleared value', () => {
    expect(differing('138', ['', '139'])).toEqual({ start: '13', differs: '8', end: '' });
    expect(differing('138', [''])).toEqual({ start: '138', differs: '', end: '' });
  });

  it('do not cut a character in two', () => {
    expect(differing('𠮷野', ['𠮶野'])).toEqual({ start: '', differs: '𠮷', end: '野' });
  });
});
